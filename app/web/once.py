"""Does a request's deed in one transaction, and once per Idempotency-Key.

Called by every endpoint that changes something. The answer is kept in the deed's own
transaction; what was planned is released with it and rung for after the commit.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from flask import Response, current_app, request

from app.clock import utc_now
from app.errors import InvalidError, Problem
from app.services import dispatch, idempotency
from app.services.idempotency import Answer
from app.web.context import caller, runtime

#: A deed takes the open transaction and returns what is to be answered as JSON.
Deed = Callable[[sa.Connection], Any]

HEADER = "Idempotency-Key"
LONGEST_KEY = 255
#: Said with an answer that was given before.
REPLAYED = "Idempotent-Replayed"


def do_once(deed: Deed, *, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Do the deed, or answer as before where its key was used for the same body."""
    asked = _request()

    def do(tx: sa.Connection) -> tuple[Answer, bool]:
        if asked is not None:
            earlier = idempotency.earlier_answer(tx, asked, now=utc_now())
            if earlier is not None:
                return earlier, True
        body = current_app.json.dumps(deed(tx))
        answer = Answer(status=status, body=body)
        if asked is not None:
            idempotency.keep(tx, asked, answer)
        return answer, False

    answer, replayed = dispatch.perform(runtime(), do)
    response = Response(answer.body, answer.status, content_type="application/json")
    if answer.status == HTTPStatus.CREATED:
        made = current_app.json.loads(answer.body)["id"]
        response.headers["Location"] = f"{request.path}/{made}"
    if replayed:
        response.headers[REPLAYED] = "true"
    return response


def do_in_steps_once(deed: Callable[[], Any]) -> Response:
    """Do a deed of many transactions, or answer as before.

    It must be harmless to do twice: of two requests at the same moment both do it, and
    both answer what the first one to end has found.
    """
    asked = _request()
    if asked is not None:
        with runtime().database.read() as tx:
            if idempotency.is_known(tx, asked, now=utc_now()):
                return do_once(lambda _tx: None)
    answer = deed()
    return do_once(lambda _tx: answer)


def _request() -> idempotency.Request | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
        message = f"must have 1 to {LONGEST_KEY} printable characters"
        raise InvalidError([Problem(HEADER, message)])
    return idempotency.Request(
        scope=f"{caller().id} {request.method} {request.path}",
        key=key,
        body=request.get_data(),
    )
