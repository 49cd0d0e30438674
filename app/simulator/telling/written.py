"""Reads what the control API was told that a customer wrote."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from app.errors import InvalidError, Problem
from app.simulator.telling.call import Written

_NEEDED = ("provider", "from", "text")


def read_written(content: object, *, providers: Sequence[str]) -> tuple[str, Written]:
    """Return the provider and the message; raise InvalidError naming bad fields.

    `{"provider", "from", "text", "to"?, "channel"?, "message_id"?}`; the same
    message_id again is the same message, brought once more.
    """
    told = content if isinstance(content, dict) else {}
    problems = [
        Problem(name, "is a text")
        for name in (*_NEEDED, *(set(told) - set(_NEEDED)))
        if not isinstance(told.get(name), str)
    ]
    if not problems and told["provider"] not in providers:
        problems = [Problem("provider", f"is one of {', '.join(providers)}")]
    if problems:
        raise InvalidError(problems)
    usual = "whatsapp" if told["provider"] == "meta" else "sms"
    return told["provider"], Written(
        channel=told.get("channel", usual),
        sender=told["from"],
        recipient=told.get("to", "+14155550199"),
        text=told["text"],
        message_id=told.get("message_id", f"SM{uuid.uuid4().hex}"),
    )
