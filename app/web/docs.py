"""The API's description (OpenAPI) and its page; everything comes from this machine."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import flask_openapi3_swagger
from flask import (
    Blueprint,
    Response,
    current_app,
    jsonify,
    render_template,
    send_from_directory,
)
from flask_openapi3.openapi import OpenAPI

from app.web.auth import open_to_all
from app.web.description import described

_SWAGGER = Path(flask_openapi3_swagger.__file__).parent / "templates" / "swagger"

pages = Blueprint("docs", __name__)


@pages.get("/api/v1/openapi.json")
@open_to_all
def openapi() -> Response:
    """Describe the API as OpenAPI 3.1."""
    return jsonify(described(cast("OpenAPI", current_app)))


@pages.get("/api/docs")
@open_to_all
def docs_page() -> str:
    """Show the API, ready to be tried out."""
    return render_template("docs.html")


@pages.get("/api/docs/<path:file>")
@open_to_all
def docs_file(file: str) -> Response:
    """Serve the page's script and style."""
    response = send_from_directory(_SWAGGER, file)
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response
