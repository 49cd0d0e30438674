"""What an HTTP call brings: an answer, or a failure that says what can be known.

Made by `http.py`, read by the providers that speak HTTP. Nothing here goes out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from app.channels.base import DOUBTFUL_RETRY_AFTER, MAX_RETRY_AFTER
from app.clock import utc_now
from app.domain.outcomes import Fault


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server said: read to its end, within the limits."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after(self) -> timedelta | None:
        """The pause that the server asks for; None if it names none."""
        return _pause(self.headers.get("Retry-After", ""), now=utc_now())

    def json_value(self) -> Any:
        """Return what the body says as JSON; None if it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def json_object(self) -> Mapping[str, Any]:
        """Return the body as a JSON object; an empty one if it is anything else."""
        value = self.json_value()
        return value if isinstance(value, dict) else {}


class Fate(StrEnum):
    """What became of a request that brought no answer."""

    NOT_SENT = "not_sent"  # it never left whole: the server cannot have acted on it
    UNKNOWN = "unknown"  # it left, or may have left: the server may have acted


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why there is no answer; `reason` is safe to show (no address, no text)."""

    fate: Fate
    reason: str
    fault: Fault


def _pause(value: str, *, now: datetime) -> timedelta | None:
    """Read a Retry-After: seconds or an HTTP date."""
    words = value.strip()
    if words.isascii() and words.isdigit():
        # More digits than these are too long all the same (and int() has its limit).
        return _believed(timedelta(seconds=int(words[:9])))
    try:
        moment = parsedate_to_datetime(words)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # "-0000" is UTC without a place
        moment = moment.replace(tzinfo=UTC)
    return _believed(max(moment - now, timedelta(0)))


def _believed(pause: timedelta) -> timedelta:
    return pause if pause <= MAX_RETRY_AFTER else DOUBTFUL_RETRY_AFTER
