"""The only place where time enters the house, so that tests can hold it still."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current moment, aware, in UTC and in whole milliseconds.

    That is what the database keeps, so that a moment read back equals the one written.
    """
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def monotonic() -> float:
    """Return seconds that only this process can compare, and that nobody sets back."""
    return time.monotonic()
