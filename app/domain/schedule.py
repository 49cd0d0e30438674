"""The scheduled jobs' names and how often each runs, unless `bellhop.toml` differs."""

from __future__ import annotations

from datetime import timedelta

#: Every scheduled job; `scheduler.py` has the functions.
SCHEDULE: dict[str, timedelta] = {
    "release": timedelta(seconds=1),
    "heartbeat": timedelta(seconds=5),
    "take_over": timedelta(seconds=5),
    "relay": timedelta(seconds=15),
    "reminders": timedelta(minutes=1),
    "expire": timedelta(minutes=1),
    "retry_failed": timedelta(minutes=5),
    "cleanup": timedelta(hours=1),
}
