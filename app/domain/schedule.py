"""The scheduled jobs' names and when each runs, unless `bellhop.toml` differs.

An interval ("5m") or a cron line ("0 2 * * *") in the business's time zone.
"""

from __future__ import annotations

from datetime import timedelta

from app.domain.cron import Cron
from app.domain.durations import parse_duration, write_duration

__all__ = ["SCHEDULE", "Cron", "Timing", "parse_timing", "write_timing"]

Timing = timedelta | Cron

#: Every scheduled job; `scheduler.py` has the functions.
SCHEDULE: dict[str, Timing] = {
    "release": timedelta(seconds=1),
    "heartbeat": timedelta(seconds=5),
    "take_over": timedelta(seconds=5),
    "relay": timedelta(seconds=5),
    "receipts": timedelta(seconds=2),
    "silence": timedelta(minutes=10),
    "codes": timedelta(minutes=1),
    "bounces": timedelta(minutes=5),
    "ladders": timedelta(seconds=5),
    "reminders": timedelta(minutes=1),
    "expire": timedelta(minutes=1),
    "retry_failed": timedelta(minutes=5),
    "own_schedule": timedelta(seconds=10),
    "own_tasks": timedelta(minutes=1),
    "cleanup": timedelta(hours=1),
}


def parse_timing(value: object) -> Timing:
    """Read `5m` or `0 2 * * *`; raise ValueError with a sentence and an example."""
    if isinstance(value, (timedelta, Cron)):
        return _checked(value)
    text = str(value).strip()
    if "*" in text or len(text.split()) > 2:
        return Cron.parse(text)
    try:
        return _checked(parse_duration(text))
    except ValueError as error:
        raise ValueError(
            f"{error}; or a cron line such as 0 2 * * * (every night at 2:00)"
        ) from None


def write_timing(timing: Timing) -> str:
    """Write it as `parse_timing` reads it."""
    return str(timing) if isinstance(timing, Cron) else write_duration(timing)


def _checked(timing: Timing) -> Timing:
    if isinstance(timing, timedelta) and timing <= timedelta(0):
        raise ValueError("must be longer than 0; write 90s, 5m, 2h or 7d")
    return timing
