"""What all brokers of a worker have in common: no delays, one time limit, a pulse.

The base of the `…_broker.py` beside it; `worker.py` hands it to
`dramatiq.Worker` and watches `last_heard`. It retries nothing and keeps no dead
letters: both are rows.
"""

from __future__ import annotations

import time
from typing import Any

import dramatiq
from dramatiq.middleware import TimeLimit

#: Seconds after which a task that ignores its own deadline is broken off, and how often
#: that is looked at (in milliseconds, as Dramatiq wants it).
TIME_LIMIT_S = 45.0
TIME_LIMIT_INTERVAL_MS = 500


class WorkerBroker(dramatiq.Broker):
    """A Dramatiq broker for one worker with one thread.

    Time limits start with `emit_after("process_boot")`, which the worker calls exactly
    once. `last_heard` is the moment (`time.monotonic`) at which a consumer last came
    round, be it with a ring, empty-handed or from a failure: if it grows old although
    the consumer waits for a second at most, the worker is deaf.
    """

    def __init__(self, *, time_limit_s: float, **options: Any) -> None:
        limit = TimeLimit(
            time_limit=time_limit_s * 1000, interval=TIME_LIMIT_INTERVAL_MS
        )
        super().__init__(middleware=[limit], **options)
        self.last_heard = time.monotonic()

    def heard(self) -> None:
        """Note that a consumer came round."""
        self.last_heard = time.monotonic()

    def declare_queue(self, queue_name: str) -> None:
        """Open a queue, without Dramatiq's second one for delayed messages.

        That one would cost a thread and a connection per queue, and what is in it is
        lost to the living worker when the queue server restarts.
        """
        if queue_name in self.queues:
            return
        self.emit_before("declare_queue", queue_name)
        self.open_queue(queue_name)
        self.emit_after("declare_queue", queue_name)

    def open_queue(self, queue_name: str) -> None:
        """Make the queue known to this broker."""
        raise NotImplementedError

    def enqueue(
        self, message: dramatiq.Message[Any], *, delay: int | None = None
    ) -> dramatiq.Message[Any]:
        """Put a message into its queue, at once: waiting happens in rows."""
        refuse_delay(delay)
        return super().enqueue(message)


def refuse_delay(delay: int | None) -> None:
    """Raise ValueError for a delayed message."""
    if delay is not None:
        raise ValueError("A ring is never delayed; set the row's time instead.")
