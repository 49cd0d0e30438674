"""What a doorbell is: it tells a worker that a row waits, and never carries the row.

Rung by `services/dispatch.py` after a commit, in the API, the scheduler and the worker.
A ring may be lost or doubled without harm: the row is the truth, and what was not
heard is found in the database within a minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.errors import QueueUnavailableError

#: The worker that drains every queue which no policy gives to another one.
MAIN_WORKER = "main"
#: Why a server is left alone whose answer nobody waited for.
CUT_SHORT = "The queue server failed a moment ago."


class Doorbell(Protocol):
    """Rings for the workers; shared by all threads of a process."""

    @property
    def available(self) -> bool:
        """Whether ringing is worth a try now; if not, leave the rows pending."""

    def ring(self, task_ids: Sequence[str], *, worker: str = MAIN_WORKER) -> None:
        """Tell `worker` of these tasks, or raise QueueUnavailableError."""

    def depth(self, worker: str = MAIN_WORKER) -> int:
        """Count the rings that no worker has taken, or raise QueueUnavailableError."""

    def ping(self) -> None:
        """Raise QueueUnavailableError if the queue server takes no ring; leave none."""

    def close(self) -> None:
        """Give back the connections; the doorbell is not used afterwards."""


class SilentDoorbell:
    """The doorbell of a process that has no queue to ring.

    The API and the scheduler use it on Windows without `REDIS_URL`, where the worker
    looks into the database every second by itself. There is nothing that could be
    down, so `ping` is content.
    """

    @property
    def available(self) -> bool:
        """Return False: nobody would hear it."""
        return False

    def ring(self, task_ids: Sequence[str], *, worker: str = MAIN_WORKER) -> None:
        """Raise QueueUnavailableError, always."""
        raise QueueUnavailableError(
            f"There is no queue to ring for worker {worker!r} ({len(task_ids)} tasks): "
            "it looks into the database by itself."
        )

    def depth(self, worker: str = MAIN_WORKER) -> int:  # noqa: ARG002 - the protocol's
        """Return 0: nothing waits where nothing can be rung."""
        return 0

    def ping(self) -> None:
        """Do nothing: there is no server."""

    def close(self) -> None:
        """Do nothing: there are no connections."""
