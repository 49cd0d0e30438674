"""The owner's words as tests write them: one line to save, one to publish."""

from __future__ import annotations

from typing import Any

from tests.door import Door

#: Alice's reminder by SMS, in English.
REMINDER = "/templates/booking_reminder/sms/en"
#: The free message by SMS, which needs no booking.
MESSAGE = "/templates/message/sms/en"


def saved(door: Door, text: str, *, path: str = MESSAGE, **more: str) -> Any:
    """Save a version of a text; return what was answered."""
    answer = door.put(path, {"text": text, **more})
    assert answer.status == 200, answer.text
    return answer.json


def published(door: Door, text: str, *, path: str = MESSAGE, **more: str) -> int:
    """Save a version of a text and put it in force; return its number."""
    version: int = saved(door, text, path=path, **more)["version"]
    answer = door.post(f"{path}/versions/{version}/publish")
    assert answer.status == 200, answer.text
    assert answer.json["version"] == version
    return version
