"""What Twilio refuses in a send, in the order in which it looks: code and words.

Called by `api.py`; the magic numbers are those of Twilio's test credentials.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from app.simulator.twilio.errors import error_answer
from app.simulator.twilio.resource import media_count
from app.simulator.wire import Answer

MAX_BODY_CHARACTERS = 1600
MAX_MEDIA = 10

_E164 = re.compile(r"\+[1-9]\d{6,14}")
#: A short code, or a name of at most eleven characters with a letter in it.
_OTHER_SENDER = re.compile(r"\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 +&_-]{1,11}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_URL = re.compile(r"https?://[^\s/_?#]+([/?#]\S*)?")

MAGIC_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
MAGIC_FROM = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}

_Form = Mapping[str, Any]


def refusal(form: _Form) -> Answer | None:
    """Return Twilio's error for this send, or None where there is nothing wrong."""
    return next((answer for check in _CHECKS if (answer := check(form))), None)


def address(value: str) -> tuple[str, str]:
    """Split `whatsapp:+49…` into its channel and its number."""
    prefix, colon, number = value.partition(":")
    return (prefix, number) if colon else ("sms", value)


def _to(form: _Form) -> Answer | None:
    to = str(form.get("To", ""))
    if not to:
        return error_answer(21604)
    _, number = address(to)
    if not _E164.fullmatch(number):
        return error_answer(21211, to)
    return _magic(MAGIC_TO, number)


def _from(form: _Form) -> Answer | None:
    sender = str(form.get("From", ""))
    service = str(form.get("MessagingServiceSid", ""))
    if service:
        return None if _SERVICE.fullmatch(service) else error_answer(21705, service)
    if not sender:
        return error_answer(21603)
    channel, number = address(sender)
    is_number = _E164.fullmatch(number)
    if channel == "sms" and not (is_number or _OTHER_SENDER.fullmatch(number)):
        return error_answer(21212, sender)
    if channel != "sms" and not is_number:
        return error_answer(63007)
    if channel != address(str(form.get("To", "")))[0]:
        return error_answer(21910)
    return _magic(MAGIC_FROM, number)


def _body(form: _Form) -> Answer | None:
    text = str(form.get("Body", ""))
    if not (text or form.get("MediaUrl") or form.get("ContentSid")):
        return error_answer(21602)
    if len(text) > MAX_BODY_CHARACTERS:
        return error_answer(21617)
    return error_answer(21623) if media_count(form) > MAX_MEDIA else None


def _content(form: _Form) -> Answer | None:
    variables = form.get("ContentVariables")
    if variables is None:
        return None
    if not form.get("ContentSid"):
        return error_answer(21654)
    return None if _are_variables(str(variables)) else error_answer(21656)


def _callback(form: _Form) -> Answer | None:
    url = str(form.get("StatusCallback", ""))
    return error_answer(21609, url) if url and not _URL.fullmatch(url) else None


_CHECKS: tuple[Callable[[_Form], Answer | None], ...] = (
    _to,
    _from,
    _body,
    _content,
    _callback,
)


def _magic(numbers: Mapping[str, int], number: str) -> Answer | None:
    code = numbers.get(number)
    return None if code is None else error_answer(code, number)


def _are_variables(variables: str) -> bool:
    try:
        content = json.loads(variables)
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and all(content.values())
