"""Gives up one of the owner's own tasks that goes on after its time limit.

Used by the actor `run`, whose thread says what it has in hand, and by the worker's
watch. An exception reaches no thread that waits in the operating system, and a function
may swallow it: then the task's row is told by another thread, and the process must end.
"""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from app.broker import TimeLimits
from app.clock import utc_now
from app.errors import BellhopError
from app.logs import fields
from app.services.courier import Courier, Done, TaskClaim, Work
from app.services.recording import save
from app.services.running import broken_off

log = logging.getLogger(__name__)

#: Seconds that a task has to end after its time limit, when it is broken off. By then
#: it was struck twice (`time_limits.AGAIN_AFTER_S`).
GIVEN_UP_AFTER_S = 8.0
#: Seconds for writing that down. What is not written by then, whoever takes over from
#: this worker finds out.
WRITTEN_WITHIN_S = 10.0
#: Seconds to wait for a thread that is just taking or leaving a task.
_AT_HAND_WITHIN_S = 1.0


class OwnInHand:
    """The task of the owner's own that the worker's thread runs, if it does."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._claim: TaskClaim | None = None
        self._lock = threading.Lock()

    def hold(self, work: Work) -> None:
        """Note what the calling thread is about to do."""
        with self._lock:
            self._claim = work if isinstance(work, TaskClaim) else None

    def let_go(self) -> None:
        """Note that it has ended; never returns where it was given up meanwhile."""
        with self._lock:
            self._claim = None

    def give_up(self, limits: TimeLimits) -> bool:
        """Write down that it broke its time limit, if it has not ended long after.

        True: it was given up, and the process must end; its thread takes nothing more.
        """
        if not _is_hopeless(limits):
            return False
        if not self._lock.acquire(timeout=_AT_HAND_WITHIN_S):
            return False
        claim = self._claim
        if claim is None or not _is_hopeless(limits):
            self._lock.release()
            return False
        # The lock is kept: should it end just now, it must not take a message that
        # would be cut off with this process.
        over = timedelta(seconds=limits.overrun_s)
        took_s = (claim.policy.time_limit + over).total_seconds()
        ran = broken_off(claim.prepared.kind)
        done = Done(work=claim, ran=ran, at=utc_now(), took_s=took_s)
        self._courier.hands.unsaved.append(done)
        # In a thread of its own: the task may hold what is needed for writing.
        writer = threading.Thread(target=self._write, name="giving-up", daemon=True)
        writer.start()
        writer.join(WRITTEN_WITHIN_S)
        return True

    def _write(self) -> None:
        try:
            save(self._courier)
        except BellhopError as error:
            extra = fields("outcome_not_saved", cause=error)
            log.warning("Outcome not saved; it is taken over", extra=extra)


def _is_hopeless(limits: TimeLimits) -> bool:
    return limits.overrun_s > GIVEN_UP_AFTER_S
