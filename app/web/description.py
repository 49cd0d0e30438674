"""The OpenAPI document: made from the request models, finished by hand here.

`docs.py` serves it. Added is what the models do not tell: who needs a key, how to
repeat a request safely, where a new thing is found, and how every refusal looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from flask_openapi3.openapi import OpenAPI
from pydantic import BaseModel

from app.web.once import HEADER, LONGEST_KEY, REPLAYED
from app.web.problems import MEDIA_TYPE

ABOUT = (
    "Bookings, their payments, and the messages that follow. "
    "Send your key as `Authorization: Bearer <key>`. Times are RFC 3339 with an "
    "offset, money is in minor units, errors are problem documents (RFC 9457). Give an "
    "`Idempotency-Key` with every POST that creates or sends: the same key and body "
    "within 24 hours give the same answer."
)
SECURITY_SCHEMES: dict[str, Any] = {"key": {"type": "http", "scheme": "bearer"}}


class FieldProblem(BaseModel):
    """One bad field."""

    field: str
    message: str


class ProblemAnswer(BaseModel):
    """An RFC 9457 problem document; `errors` names every bad field of a 422."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []


_PROBLEM_SCHEMA = {"$ref": "#/components/schemas/ProblemAnswer"}
_REFUSED = {
    "description": "Refused, with the reason in plain words",
    "content": {MEDIA_TYPE: {"schema": _PROBLEM_SCHEMA}},
}
_NOT_READY = {**_REFUSED, "description": "Not ready; the answer names what is wrong"}
_TAKEN = {
    "description": "Too few places at that time; `alternatives` are free starts",
    "content": {
        MEDIA_TYPE: {
            "schema": {
                "allOf": [_PROBLEM_SCHEMA],
                "properties": {
                    "alternatives": {
                        "type": "array",
                        "items": {"type": "string", "format": "date-time"},
                    }
                },
            }
        }
    },
}
_KEY_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": (
        "A value of your own for this one request. Sent again with the same body "
        "within 24 hours it does nothing twice, and gives the same answer with the "
        f"header `{REPLAYED}: true`; with another body it is refused (422)."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
}
_REPLAYED_HEADER = {
    "description": "`true` where this answer was given before",
    "schema": {"type": "string", "enum": ["true"]},
}
_LOCATION_HEADER = {
    "description": "Where the new thing is found",
    "schema": {"type": "string", "format": "uri-reference"},
}
#: The paths that need no key.
_OPEN_PATHS = ("/healthz", "/readyz")
#: The requests that take places, and may find too few.
_TAKING_PLACES = (
    "/bookings",
    "/bookings/{booking_id}/reschedule",
    "/bookings/{booking_id}/confirm",
    "/bookings/{booking_id}/verify-payment",
)


def described(app: OpenAPI) -> dict[str, Any]:
    """Return the OpenAPI document of the app."""
    document: dict[str, Any] = deepcopy(app.api_doc)
    schemas = document["components"]["schemas"]
    for path, method, operation in _operations(document):
        operation["description"] = _plain(operation.get("description", ""))
        operation["responses"].pop("422", None)  # an array of problems: not so
        operation["responses"]["4XX"] = _REFUSED
        if path in _OPEN_PATHS:
            operation["security"] = []
        elif method == "post":
            _describe_post(path, operation)
        if body := operation.get("requestBody"):
            body["required"] = _is_needed(body, schemas)
    document["paths"]["/readyz"]["get"]["responses"]["503"] = _NOT_READY
    document["security"] = [{"key": []}]
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _describe_post(path: str, operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).append(_KEY_PARAMETER)
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            answer["headers"] = {REPLAYED: _REPLAYED_HEADER}
        if status == "201":
            answer["headers"]["Location"] = _LOCATION_HEADER
    if path.endswith(_TAKING_PLACES):
        operation["responses"]["409"] = _TAKEN


def _is_needed(body: dict[str, Any], schemas: dict[str, Any]) -> bool:
    """Tell whether a body must be sent; where every field may be left out, it may."""
    reference = body["content"]["application/json"]["schema"]["$ref"]
    schema = schemas[reference.rpartition("/")[2]]
    return bool(schema.get("required")) or "oneOf" in schema


def _plain(description: str) -> str:
    """Undo what was made of a docstring's lines."""
    return " ".join(description.replace("<br/>", " ").split())
