"""The queues: a policy each for the rows that wait in it.

A queue is not a place in Redis: rows of all queues ring the same doorbell of the
worker that drains them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

#: The worker that drains a queue unless its policy names another.
MAIN_WORKER = "main"
#: Rows at most this far from the front are urgent: a share of every rate limit is
#: theirs alone.
URGENT = 20
#: No quick retry waits longer than this, unless a policy says so.
LONGEST_QUICK_PAUSE = timedelta(seconds=600)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """At most `count` in any span of `per`."""

    count: int
    per: timedelta = _MINUTE


@dataclass(frozen=True, kw_only=True)
class QueuePolicy:
    """How rows of one queue are ordered, limited and retried."""

    #: Lower leaves first.
    priority: int
    worker: str = MAIN_WORKER
    #: None: as fast as it goes. The limit of a channel's queue counts every message
    #: over that channel, whatever queue it waits in.
    rate_limit: Rate | None = None
    #: How long a row may wait before it is expired; 0: only `useful_until` counts.
    ttl: timedelta = timedelta(0)
    #: So many rows may wait; who sends in bulk is refused more (429).
    max_length: int = 5000
    #: The pause before each quick retry; there are as many as stand here.
    retry_delays: tuple[timedelta, ...] = (
        timedelta(seconds=60),
        timedelta(seconds=120),
        timedelta(seconds=240),
    )
    #: Plus or minus this share of the pause, so that a crowd does not return at once.
    retry_jitter: float = 0.2
    #: No quick retry waits longer, jitter included.
    retry_cap: timedelta = LONGEST_QUICK_PAUSE
    #: A task of one's own is asked to end after the first, and broken off after the
    #: second. A call to a provider ends by itself, after the first at the latest.
    soft_time_limit: timedelta = timedelta(seconds=240)
    time_limit: timedelta = timedelta(seconds=300)

    def useful_until(self, wanted: datetime, *, due_at: datetime) -> datetime:
        """Return until when a row is useful, so that it never waits beyond the ttl."""
        return min(wanted, due_at + self.ttl) if self.ttl else wanted


#: Of queues whose rows call a provider.
_CALLS_SOFT, _CALLS_HARD = timedelta(seconds=40), timedelta(seconds=45)


def _calling(
    *,
    priority: int,
    a_minute: int | None = None,
    retry_delays: tuple[timedelta, ...] | None = None,
) -> QueuePolicy:
    policy = QueuePolicy(
        priority=priority,
        rate_limit=None if a_minute is None else Rate(count=a_minute),
        soft_time_limit=_CALLS_SOFT,
        time_limit=_CALLS_HARD,
    )
    return (
        policy if retry_delays is None else replace(policy, retry_delays=retry_delays)
    )


#: Every queue there is, by name, the most urgent first.
QUEUES: dict[str, QueuePolicy] = {
    # One-time codes and payments: tried again soon, or not at all.
    "high": _calling(
        priority=10, retry_delays=(timedelta(seconds=10), timedelta(seconds=30))
    ),
    "staff": _calling(priority=40),
    "sms": _calling(priority=50, a_minute=10),
    "whatsapp": _calling(priority=50, a_minute=30),
    "email": _calling(priority=60, a_minute=30),
    "webhooks": _calling(priority=65),
    "default": QueuePolicy(priority=70),
    "recovery": QueuePolicy(priority=75),
    "loyalty": QueuePolicy(priority=80),
    "inventory": QueuePolicy(priority=80),
    "analytics": QueuePolicy(priority=85),
    "low": QueuePolicy(priority=90),
    "maintenance": QueuePolicy(priority=95),
}
