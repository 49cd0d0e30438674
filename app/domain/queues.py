"""The queues: a policy each for the rows that wait in it.

A queue is not a place in Redis: rows of all queues ring the same doorbell of the
worker that drains them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

#: The worker that drains a queue unless its policy names another.
MAIN_WORKER = "main"


@dataclass(frozen=True, kw_only=True)
class QueuePolicy:
    """How rows of one queue are ordered and retried."""

    #: Lower leaves first.
    priority: int
    worker: str = MAIN_WORKER
    #: The pause before each quick retry.
    retry_delays: tuple[timedelta, ...] = (
        timedelta(seconds=60),
        timedelta(seconds=120),
        timedelta(seconds=240),
    )
    #: Plus or minus this share of the pause, so that a crowd does not return at once.
    retry_jitter: float = 0.2


#: Every queue there is, by name.
QUEUES: dict[str, QueuePolicy] = {
    "sms": QueuePolicy(priority=50),
    "whatsapp": QueuePolicy(priority=50),
    "email": QueuePolicy(priority=60),
}
