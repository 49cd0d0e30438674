"""The API's description (OpenAPI) and its page; everything comes from this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

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
from pydantic import BaseModel

from app.web.auth import open_to_all
from app.web.problems import MEDIA_TYPE

ABOUT = (
    "Bookings, their payments, and the messages that follow. "
    "Send your key as `Authorization: Bearer <key>`. Times are RFC 3339 with an "
    "offset, money is in minor units, errors are problem documents (RFC 9457). Give an "
    "`Idempotency-Key` with every POST that creates or sends: the same key and body "
    "within 24 hours give the same answer."
)
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


def described(app: OpenAPI) -> dict[str, Any]:
    """Return the OpenAPI document, every operation with its key."""
    document: dict[str, Any] = app.api_doc
    document["security"] = [{"key": []}]
    return document


def problem_response(model: type[BaseModel]) -> dict[str, Any]:
    """Describe the answer to a request that is refused."""
    return {
        "description": "Refused, with the reason in plain words",
        "content": {MEDIA_TYPE: {"schema": model.model_json_schema()}},
    }
