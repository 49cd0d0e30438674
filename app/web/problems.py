"""Errors as RFC 9457 problem documents, always; the only place that knows HTTP codes.

No traceback and no exception's own words leave the house for what we did not foresee.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, cast

from flask import Flask, Response, current_app, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from app.errors import (
    BellhopError,
    ConflictError,
    InvalidError,
    NotFoundError,
    PlaceTakenError,
    Problem,
    QueueFullError,
    SignatureError,
    StorageUnavailableError,
    TooManyCodesError,
)
from app.logs import fields
from app.web.bodies import largest_body
from app.web.sentences import field_problem, summary

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
#: Seconds after which a request is worth another try when the database was away.
RETRY_AFTER_S = 5
#: Which HTTP status each of our errors is; the first class that fits counts.
STATUSES: Sequence[tuple[type[BellhopError], HTTPStatus]] = (
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (InvalidError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (SignatureError, HTTPStatus.BAD_REQUEST),
    (ConflictError, HTTPStatus.CONFLICT),
    (QueueFullError, HTTPStatus.TOO_MANY_REQUESTS),
    (TooManyCodesError, HTTPStatus.TOO_MANY_REQUESTS),
    (StorageUnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
)


def register(app: Flask) -> None:
    """Answer every error of the app with a problem document."""
    app.register_error_handler(BellhopError, _named)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def problem(
    status: int,
    detail: str,
    *,
    errors: Sequence[Problem] = (),
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Response:
    """Return a problem document; `errors` names every bad field."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }
    if errors:
        document["errors"] = [
            {"field": error.field, "message": error.message} for error in errors
        ]
    body = current_app.json.dumps(document)
    return Response(body, status, headers, content_type=MEDIA_TYPE)


def invalid(error: ValidationError) -> Response:
    """Return the problem document for a request that does not fit its model."""
    return _named(InvalidError([field_problem(found) for found in error.errors()]))


def _named(error: BellhopError) -> Response:
    status = next(
        (code for kind, code in STATUSES if isinstance(error, kind)),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )
    if isinstance(error, InvalidError):
        return problem(status, summary(error.problems), errors=error.problems)
    if isinstance(error, PlaceTakenError):
        return problem(status, str(error), alternatives=list(error.alternatives))
    if isinstance(error, QueueFullError | TooManyCodesError):
        later = {"Retry-After": str(error.retry_after_s)}
        return problem(status, str(error), headers=later)
    if isinstance(error, StorageUnavailableError):
        log.error("Database not usable", extra=fields("storage_down", cause=error))
        return problem(status, str(error), headers={"Retry-After": str(RETRY_AFTER_S)})
    return problem(status, str(error))


def _http(error: HTTPException) -> Response:
    if error.response is not None:  # an answer that was made already
        return cast("Response", error.response)
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    headers = {
        name: value
        for name, value in error.get_headers()
        if name in ("Allow", "Retry-After")
    }
    return problem(status, _sentence(error), headers=headers)


def _sentence(error: HTTPException) -> str:
    if error.description != type(error).description:
        return error.description or ""  # a sentence of ours
    own = {
        HTTPStatus.NOT_FOUND: "There is nothing at this address.",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{request.method} cannot be done here.",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
            f"The body is larger than {largest_body(request.path) // 1024} KiB."
        ),
    }
    return own.get(HTTPStatus(error.code or 500), error.description or "")


def _unforeseen(error: Exception) -> Response:
    log.error(
        "Request failed in a way nobody foresaw",
        extra=fields("request_failed", error=type(error).__name__),
        exc_info=error,
    )
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Bellhop stumbled over this request; nothing was saved. The log tells more.",
    )
