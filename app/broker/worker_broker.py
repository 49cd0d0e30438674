"""What all brokers of a worker have in common: no delays, no limits, a pulse.

The base of the `…_broker.py` beside it; `worker.py` hands it to
`dramatiq.Worker` and watches `last_heard`. It retries nothing and keeps no dead
letters: both are rows.
"""

from __future__ import annotations

import time
from typing import Any

import dramatiq


class WorkerBroker(dramatiq.Broker):
    """A Dramatiq broker for one worker with one thread.

    Time limits are `time_limits.py`'s. `last_heard` is the moment (`time.monotonic`) at
    which a consumer last came round, be it with a ring, empty-handed or from a failure:
    if it grows old although a consumer waits for a second at most, the worker is deaf.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(middleware=[], **options)
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
