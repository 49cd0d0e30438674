"""The actor `run`: does the task behind an id, and never fails.

Declared by `worker.py` on its broker. Retries, time and dead letters are rows; so an
error that nobody foresaw is written on the row as well, and Dramatiq sees none.
"""

from __future__ import annotations

import logging
import threading
import time

import dramatiq

from app.broker import ACTOR_NAME, WorkerBroker
from app.errors import BellhopError
from app.logs import fields
from app.services.courier import Courier
from app.services.delivery import deliver
from app.services.recording import save
from app.services.stumbles import Stumble, clean_up_after, stumble_over
from app.services.workers import Presence

log = logging.getLogger(__name__)


class Run:
    """Runs one task after the other, and counts them."""

    def __init__(self, courier: Courier, presence: Presence) -> None:
        self._courier = courier
        self._presence = presence
        self._stumble: Stumble | None = None
        self._turn = threading.Lock()
        self._began: float | None = None
        self.count = 0

    def __call__(self, task_id: str) -> None:
        """Do the task; whatever goes wrong ends as a reason on its row."""
        with self._turn:
            self.count += 1
            self._began = time.monotonic()
            try:
                self._settle()
                deliver(self._courier, task_id)
            except BaseException as error:  # noqa: BLE001 - the one broad catch of the house
                # Dramatiq's time limit is no Exception.
                self._note(stumble_over(task_id, error), error)
                self._try_to_settle()
            finally:
                self._began = None

    @property
    def in_hand_s(self) -> float:
        """For how long the task in hand has been there; 0 while there is none."""
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

    def tidy(self) -> None:
        """Write down what could not be written yet, unless a task is in hand.

        Called every few seconds: on a quiet evening no task would come and do it.
        """
        if self._turn.acquire(blocking=False):
            try:
                self._try_to_settle()
            finally:
                self._turn.release()

    def declare(self, broker: WorkerBroker) -> None:
        """Make this the broker's actor for the doorbells of this worker."""
        declare = dramatiq.actor(
            actor_name=ACTOR_NAME, queue_name=self._presence.name, broker=broker
        )
        declare(self.__call__)

    def _note(self, stumble: Stumble, error: BaseException) -> None:
        if self._stumble is None or not stumble.is_named:
            self._stumble = stumble
        facts = {"id": stumble.task_id, "error": stumble.error}
        if stumble.is_named:
            extra = fields("task_interrupted", **facts, cause=error)
            log.warning("Task interrupted; it is tried again", extra=extra)
        else:
            extra = fields("task_stumbled", **facts)
            log.error("Task stumbled", extra=extra, exc_info=error)

    def _try_to_settle(self) -> None:
        try:
            self._settle()
        except BellhopError as error:  # the database is away: tried again soon
            log.warning(
                "Outcome not saved yet", extra=fields("outcome_not_saved", cause=error)
            )
        except Exception:
            log.exception("Outcome not saved", extra=fields("outcome_not_saved"))

    def _settle(self) -> None:
        save(self._courier)
        if self._stumble is None:
            return
        try:
            clean_up_after(self._courier, self._stumble)
        except Exception as error:
            if not isinstance(error, BellhopError):
                self._stumble = None  # a bug: it would be met before every task
            raise
        self._stumble = None
