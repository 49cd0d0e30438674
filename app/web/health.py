"""`/healthz` (alive) and `/readyz` (able to do its work), for people and monitors."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, current_app, jsonify

from app import __version__
from app.services import health
from app.web.auth import open_to_all
from app.web.context import runtime
from app.web.problems import MEDIA_TYPE

pages = Blueprint("health", __name__)


@pages.get("/healthz")
@open_to_all
def healthz() -> Response:
    """Answer as long as the process lives."""
    return jsonify(status="alive", version=__version__)


@pages.get("/readyz")
@open_to_all
def readyz() -> Response:
    """Answer 200, or 503 naming what is wrong."""
    found = health.checks(runtime())
    troubles = [check for check in found if not check.ok]
    states = {check.name: "ok" if check.ok else check.detail for check in found}
    if not troubles:
        return jsonify(status="ready", checks=states)
    document = {
        "type": "about:blank",
        "title": "Not ready",
        "status": HTTPStatus.SERVICE_UNAVAILABLE,
        "detail": " ".join(check.detail for check in troubles),
        "checks": states,
    }
    body = current_app.json.dumps(document)
    return Response(body, HTTPStatus.SERVICE_UNAVAILABLE, content_type=MEDIA_TYPE)
