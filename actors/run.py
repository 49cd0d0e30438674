"""The actor `run`: does the task behind an id, and never fails.

Declared by `worker.py` on its broker. Retries, time and dead letters are rows; so an
error that nobody foresaw is written on the row as well, and Dramatiq sees none.
"""

from __future__ import annotations

import logging
import threading

import dramatiq

from app.broker import ACTOR_NAME, WorkerBroker
from app.logs import fields
from app.services import workers
from app.services.courier import Courier
from app.services.delivery import deliver
from app.services.workers import Presence

log = logging.getLogger(__name__)


class Run:
    """Runs one task after the other, and counts them."""

    def __init__(self, courier: Courier, presence: Presence) -> None:
        self._courier = courier
        self._presence = presence
        self._stumbled = ""
        self._turn = threading.Lock()
        self.count = 0

    def __call__(self, task_id: str) -> None:
        """Do the task; whatever goes wrong ends as a reason on its row."""
        with self._turn:
            self.count += 1
            try:
                self._settle_stumble()
                deliver(self._courier, task_id)
            except BaseException as error:  # noqa: BLE001 - the one broad catch of the house
                # Dramatiq's time limit is no Exception. The error's own words may hold
                # a recipient, so that only its class is written down.
                self._stumbled = type(error).__name__
                self._log_stumble(task_id, error)
                self._try_to_settle()

    def declare(self, broker: WorkerBroker) -> None:
        """Make this the broker's actor for the doorbells of this worker."""
        declare = dramatiq.actor(
            actor_name=ACTOR_NAME, queue_name=self._presence.name, broker=broker
        )
        declare(self.__call__)

    def _try_to_settle(self) -> None:
        try:
            self._settle_stumble()
        except Exception:  # the database is away: tried again before the next task
            log.exception("Outcome not saved", extra=fields("outcome_not_saved"))

    def _settle_stumble(self) -> None:
        """Make what this worker still holds `unknown`: nobody sends it any more."""
        if self._stumbled:
            reason = f"Bellhop stumbled ({self._stumbled}); it may have been sent."
            workers.give_up(self._courier.runtime, self._presence, reason=reason)
            self._stumbled = ""

    def _log_stumble(self, task_id: str, error: BaseException) -> None:
        log.error(
            "Task stumbled",
            extra=fields("task_stumbled", id=task_id, error=self._stumbled),
            exc_info=error,
        )
