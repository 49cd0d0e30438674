"""Vonage's SMS API: who may send, what is refused, and what is answered.

Called by `reception.py`. The HTTP status is 200 whatever happens; long texts are
answered with one entry a part. Vonage offers no look-up.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping
from typing import Any

from app.simulator.reading import basic_credentials, read_form
from app.simulator.sms_length import segments
from app.simulator.submissions import Submission, Verdict
from app.simulator.wire import Answer, Request, json_answer

PATH = re.compile(r"/sms/json$")
MAX_CHARACTERS = 3200
_NUMBER = re.compile(r"\d{7,15}")
_WORDS = {
    "1": "Throttled",
    "2": "Missing Params",
    "3": "Invalid Params",
    "4": "Bad Credentials",
    "5": "Internal Error",
    "12": "Message Too Long",
}


class Vonage:
    """The SMS API; with no key configured any will do."""

    def __init__(self, *, api_key: str | None, api_secret: str | None) -> None:
        self._api_key = api_key
        self._api_secret = api_secret

    def read(self, request: Request) -> Submission:
        """Read the form of a send as far as it goes."""
        form = read_form(request)
        digits = str(form.get("to", ""))
        return Submission(
            provider="vonage",
            channel="sms",
            recipient=f"+{digits}" if digits else "",
            sender=str(form.get("from", "")),
            text=str(form.get("text", "")),
            message_id=str(form.get("client-ref", "")),
            fields=form,
        )

    def judge(self, request: Request, submission: Submission) -> Verdict:
        """Check the login and the message, then take it."""
        status = self._denial(request, submission.fields) or _refusal(submission.fields)
        if status:
            return Verdict(answer=_refused(status), reason=f"status {status}")
        name = secrets.token_hex(8).upper()
        parts = [
            {
                "to": submission.fields["to"],
                "message-id": name if part == 0 else secrets.token_hex(8).upper(),
                "status": "0",
                "remaining-balance": "12.50000000",
                "message-price": "0.03330000",
                "network": "26201",
                "client-ref": submission.message_id,
            }
            for part in range(segments(submission.text))
        ]
        return Verdict(answer=_answer(parts), provider_message_id=name)

    def refusal(self, *, status: int | None, code: int | None) -> Answer:
        """Word an ordered error: a status of Vonage's own, or one of HTTP."""
        if code is not None:
            return _refused(str(code))
        if status == 401:
            return _refused("4")
        problem = {"type": "https://developer.vonage.com", "title": "Ordered"}
        return json_answer(status or 503, problem)

    def _denial(self, request: Request, form: Mapping[str, Any]) -> str:
        if self._api_key is None:
            return ""
        given = basic_credentials(request.headers.get("authorization", ""))
        in_form = f"{form.get('api_key', '')}:{form.get('api_secret', '')}".encode()
        expected = f"{self._api_key}:{self._api_secret or ''}".encode()
        fits = hmac.compare_digest(given, expected)
        return "" if fits or hmac.compare_digest(in_form, expected) else "4"


def _refusal(form: Mapping[str, Any]) -> str:
    if not all(form.get(name) for name in ("to", "from", "text")):
        return "2"
    if not _NUMBER.fullmatch(str(form["to"])):
        return "3"
    return "12" if len(str(form["text"])) > MAX_CHARACTERS else ""


def _refused(status: str) -> Answer:
    words = _WORDS.get(status, "Ordered error")
    return _answer([{"status": status, "error-text": words}])


def _answer(parts: list[dict[str, Any]]) -> Answer:
    return json_answer(200, {"message-count": str(len(parts)), "messages": parts})
