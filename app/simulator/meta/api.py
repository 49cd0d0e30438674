"""The Cloud API's messages: who may send, what is refused, and what is answered.

Called by `reception.py`. Meta offers no look-up; its webhooks tell what became of
a message.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from app.simulator.meta.errors import (
    bad_parameter,
    error_answer,
    ordered_error,
    unauthenticated,
    unknown_object,
)
from app.simulator.submissions import Submission, Verdict
from app.simulator.wire import Answer, Request, json_answer, read_json

PATH = re.compile(r"/v\d+\.\d+/(?P<number_id>[^/]+)/messages$")
MAX_TEXT_CHARACTERS = 4096
_TYPES = ("TEXT", "TEMPLATE")

_Content = Mapping[str, Any]


class Meta:
    """The WhatsApp Cloud API; with no token configured any will do."""

    def __init__(self, *, access_token: str | None, number_id: str | None) -> None:
        self._access_token = access_token
        self._number_id = number_id

    def read(self, request: Request) -> Submission:
        """Read the JSON of a send as far as it goes."""
        content = _object(read_json(request.body))
        path = PATH.match(request.path)
        digits = re.sub(r"\D", "", str(content.get("to", "")))
        return Submission(
            provider="meta",
            channel="whatsapp",
            recipient=f"+{digits}" if digits else "",
            sender=path["number_id"] if path else "",
            text=_text(content),
            message_id=str(content.get("biz_opaque_callback_data", "")),
            fields=content,
        )

    def judge(self, request: Request, submission: Submission) -> Verdict:
        """Check the token and the message, then take it."""
        content = submission.fields
        answer = self._denial(request, submission.sender) or _refusal(content)
        if answer is not None:
            return _refused(answer)
        digits = submission.recipient.removeprefix("+")
        wamid = _wamid(digits)
        message = {"id": wamid}
        if content.get("type") == "template":
            message["message_status"] = "accepted"  # texts are answered without it
        taken = {
            "messaging_product": "whatsapp",
            "contacts": [{"input": content["to"], "wa_id": digits}],
            "messages": [message],
        }
        return Verdict(answer=json_answer(200, taken), provider_message_id=wamid)

    def refusal(self, *, status: int | None, code: int | None) -> Answer:
        """Word an ordered error."""
        return ordered_error(status=status, code=code)

    def _denial(self, request: Request, number_id: str) -> Answer | None:
        given = request.headers.get("authorization", "")
        expected = f"Bearer {self._access_token}"
        if self._access_token is not None and not hmac.compare_digest(
            given.encode(), expected.encode()
        ):
            return unauthenticated(has_token=bool(given))
        if request.method != "POST" or self._number_id not in {None, number_id}:
            return unknown_object(number_id)
        return None


def _refusal(content: _Content) -> Answer | None:
    if content.get("messaging_product") != "whatsapp":
        return bad_parameter("The parameter messaging_product is required.")
    to = content.get("to")
    if not (isinstance(to, str) and to):
        return bad_parameter("The parameter to is required.")
    if not re.fullmatch(r"\+?[\d ()-]{7,20}", to):
        return error_answer(131009, details="Parameter to is not a phone number.")
    check = _CHECKS.get(content.get("type", "text"))
    if check is None:
        return bad_parameter(f"Param type must be one of {{{', '.join(_TYPES)}}}")
    return check(content)


def _check_text(content: _Content) -> Answer | None:
    body = _object(content.get("text")).get("body")
    if not (isinstance(body, str) and body):
        return bad_parameter("The parameter text['body'] is required.")
    if len(body) > MAX_TEXT_CHARACTERS:
        words = f"must be at most {MAX_TEXT_CHARACTERS} characters long."
        return bad_parameter(f"Param text['body'] {words}")
    return None


def _check_template(content: _Content) -> Answer | None:
    template = _object(content.get("template"))
    if not template.get("name"):
        return bad_parameter("The parameter template['name'] is required.")
    if not _object(template.get("language")).get("code"):
        return bad_parameter("The parameter template['language'] is required.")
    return None


_CHECKS: Mapping[str, Callable[[_Content], Answer | None]] = {
    "text": _check_text,
    "template": _check_template,
}


def _text(content: _Content) -> str:
    if content.get("type") != "template":
        return str(_object(content.get("text")).get("body", ""))
    template = _object(content.get("template"))
    words = [
        str(_object(parameter).get("text", _object(parameter).get("payload", "")))
        for component in _list(template.get("components"))
        for parameter in _list(_object(component).get("parameters"))
    ]
    return " | ".join([str(template.get("name", "")), *words])


def _refused(answer: Answer) -> Verdict:
    code = read_json(answer.body)["error"]["code"]
    return Verdict(answer=answer, reason=f"HTTP {answer.status}, code {code}")


def _wamid(digits: str) -> str:
    number = digits.encode()
    token = secrets.token_hex(9).upper().encode()
    parts = (b"\x1c\x18", bytes([len(number)]), number, b"\x15\x02\x00\x11\x18\x12")
    return "wamid." + base64.b64encode(b"".join([*parts, token, b"\x00"])).decode()


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
