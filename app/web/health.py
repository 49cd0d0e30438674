"""`/healthz` (alive) and `/readyz` (able to do its work), for people and monitors."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

from flask import Response, current_app, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from app import __version__
from app.services import health
from app.web.auth import open_to_all
from app.web.context import runtime
from app.web.problems import MEDIA_TYPE

pages = APIBlueprint("health", __name__, abp_tags=[Tag(name="Health")])


class AliveAnswer(BaseModel):
    """The process answers."""

    status: Literal["alive"]
    version: str


class ReadyAnswer(BaseModel):
    """Each part of the box is `ok`, or says what is wrong."""

    status: Literal["ready"]
    checks: dict[str, str]


@pages.get("/healthz", responses={200: AliveAnswer})
@open_to_all
def healthz() -> Response:
    """Answer as long as the process lives."""
    return jsonify(status="alive", version=__version__)


@pages.get("/readyz", responses={200: ReadyAnswer})
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
        "detail": " ".join(dict.fromkeys(check.detail for check in troubles)),
        "checks": states,
    }
    body = current_app.json.dumps(document)
    return Response(body, HTTPStatus.SERVICE_UNAVAILABLE, content_type=MEDIA_TYPE)
