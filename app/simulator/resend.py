"""Resend's API for one e-mail: who may send, what is refused, what a key repeats.

Called by `reception.py`. The same Idempotency-Key with the same bytes is answered as
the first time, and nothing is sent again; with other bytes it is refused.
"""

from __future__ import annotations

import hmac
import re
import uuid
from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any

from app.simulator.ledger import Entry, Ledger
from app.simulator.submissions import Submission, Verdict
from app.simulator.wire import Answer, Request, json_answer, read_json

PATH = re.compile(r"/emails$")
LONGEST_KEY = 256
#: Under which the caller's key stands among the fields of a ledger's line.
KEY = "idempotency-key"
#: name: (HTTP status, words)
_ERRORS = {
    "missing_api_key": (401, "Missing API key in the authorization header."),
    "invalid_api_key": (403, "API key is invalid."),
    "validation_error": (422, "Invalid `to` field."),
    "missing_required_field": (422, "Missing a required field."),
    "invalid_idempotency_key": (400, "The key must be between 1-256 chars."),
    "invalid_idempotent_request": (409, "Same key used with a different payload."),
    "rate_limit_exceeded": (429, "Too many requests."),
    "application_error": (500, "An unexpected error occurred."),
}
_BY_STATUS = {status: name for name, (status, _) in reversed(_ERRORS.items())}


class Resend:
    """The e-mail API; with no key configured any will do."""

    def __init__(self, *, ledger: Ledger, api_key: str | None) -> None:
        self._ledger = ledger
        self._api_key = api_key

    def read(self, request: Request) -> Submission:
        """Read the JSON of a send as far as it goes."""
        content = read_json(request.body)
        content = content if isinstance(content, dict) else {}
        to = content.get("to")
        first = to[0] if isinstance(to, list) and to else to
        return Submission(
            provider="resend",
            channel="email",
            recipient=parseaddr(str(first or ""))[1],
            sender=parseaddr(str(content.get("from", "")))[1],
            subject=str(content.get("subject", "")),
            text=str(content.get("text", "")),
            message_id=_message_id(content),
            fields={**content, KEY: request.headers.get("idempotency-key", "")},
        )

    def judge(self, request: Request, submission: Submission) -> Verdict:
        """Check the key and the e-mail, then take it, or say what it is called."""
        error = self._denial(request) or _refusal(request, submission.fields)
        if error:
            return Verdict(answer=_refused(error), reason=error)
        earlier = self._earlier(submission)
        if earlier is None:
            name = str(uuid.uuid4())
        elif earlier.fields == submission.fields:
            name = earlier.provider_message_id
        else:
            error = "invalid_idempotent_request"
            return Verdict(answer=_refused(error), reason=error)
        return Verdict(
            answer=json_answer(200, {"id": name}),
            provider_message_id=name,
            is_repetition=earlier is not None,
        )

    def refusal(self, *, status: int | None, code: int | None) -> Answer:  # noqa: ARG002 - Resend's errors have names, no codes
        """Word an ordered error."""
        return _refused(_BY_STATUS.get(status or 500, "application_error"), status)

    def _earlier(self, submission: Submission) -> Entry | None:
        key = submission.fields[KEY]
        taken = (entry for entry in self._ledger.newest_first() if entry.accepted)
        same = (entry for entry in taken if key and entry.fields.get(KEY) == key)
        return next(same, None)

    def _denial(self, request: Request) -> str:
        given = request.headers.get("authorization", "")
        if not given:
            return "missing_api_key"
        expected = f"Bearer {self._api_key}".encode()
        is_wrong = self._api_key is not None and not hmac.compare_digest(
            given.encode(), expected
        )
        return "invalid_api_key" if is_wrong else ""


def _refusal(request: Request, content: Mapping[str, Any]) -> str:
    if not all(content.get(name) for name in ("from", "to", "subject")):
        return "missing_required_field"
    if len(request.headers.get("idempotency-key", "")) > LONGEST_KEY:
        return "invalid_idempotency_key"
    to = content["to"]
    addresses = to if isinstance(to, list) else [to]
    is_plain = all("@" in parseaddr(str(address))[1] for address in addresses)
    return "" if is_plain else "validation_error"


def _message_id(content: Mapping[str, Any]) -> str:
    headers = content.get("headers")
    return str(headers.get("Message-ID", "")) if isinstance(headers, dict) else ""


def _refused(name: str, status: int | None = None) -> Answer:
    usual, words = _ERRORS[name]
    status = status or usual
    return json_answer(status, {"statusCode": status, "name": name, "message": words})
