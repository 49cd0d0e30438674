"""The actor `run`: does what is due, one piece after the other, and never fails.

Declared by `worker.py` on its broker. Retries, time and dead letters are rows; so an
error that nobody foresaw is written on the row as well, and Dramatiq sees none.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable

import dramatiq

from app.broker import ACTOR_NAME, TimeLimits, WorkerBroker
from app.errors import BellhopError
from app.logs import fields
from app.services import dispatch
from app.services.courier import Courier, LookUp, MessageClaim, Work
from app.services.delivery import do
from app.services.giving_up import OwnInHand
from app.services.recording import record_and_take, save
from app.services.stumbles import Stumble, clean_up_after, stumble_over
from app.services.taking import Taken, look, take
from app.services.workers import Presence

log = logging.getLogger(__name__)

#: A worker that finds work without end comes up for air so often: it hears its queue
#: again, and says that its bell was answered.
SLICE_S = 5.0
#: Seconds for taking a piece of work, and for recording one.
BOOK_KEEPING_S = 45.0
#: Seconds that a call to a provider may run beyond its own deadline before it is broken
#: off. It has ended by then, and nothing that it answered is lost.
OVERRUN_S = 30.0
#: How often it looks again where the first look brought nothing for lack of time.
MOST_LOOKS = 5


class Run:
    """Does one piece of work after the other, and counts them."""

    def __init__(
        self,
        courier: Courier,
        presence: Presence,
        *,
        is_enough: Callable[[int], bool] = lambda _count: False,
    ) -> None:
        """`is_enough`: asked with the count after each piece; True: take no more."""
        self._courier = courier
        self._presence = presence
        self._is_enough = is_enough
        self._stumble: Stumble | None = None
        self._turn = threading.Lock()
        self._own = OwnInHand(courier)
        #: The clock over the thread that works; whoever runs it starts it.
        self.limits = TimeLimits()
        self.count = 0
        #: It cannot make right what it holds: only another start can.
        self.is_broken = False

    def __call__(self, task_id: str) -> None:
        """Do what is due, beginning with this task (empty: with whatever is urgent).

        Whatever goes wrong ends as a reason on its row.
        """
        with self._turn:
            try:
                self._settle()
                is_done = self._drain(task_id)
            except BaseException as error:  # noqa: BLE001 - the one broad catch of the house
                # A time limit is no Exception.
                is_done = False
                self.limits.end()
                self._own.let_go()
                self._note(stumble_over(self._at(task_id), error), error)
                # A limit may strike as the write lock is taken: what the frames hold
                # is given back before this thread asks for it again.
                traceback.clear_frames(error.__traceback__)
                self._try_to_settle()
            finally:
                self.limits.end()
                self._courier.hands.task_id = None
            if not is_done:
                self.ring_for_what_is_due()

    def tidy(self) -> None:
        """Write down what could not be written yet, unless a task is in hand.

        Called every few seconds: on a quiet evening no task would come and do it.
        """
        if self._turn.acquire(blocking=False):
            try:
                if self._has_loose_ends() and self._try_to_settle():
                    self.ring_for_what_is_due()
            finally:
                self._turn.release()

    def gives_up(self) -> bool:
        """Give up one of the owner's own tasks that does not end when it is broken off.

        Called now and then by the thread that watches. True: the process must end.
        """
        return self._own.give_up(self.limits)

    def declare(self, broker: WorkerBroker) -> None:
        """Make this the broker's actor for the doorbells of this worker."""
        declare = dramatiq.actor(
            actor_name=ACTOR_NAME, queue_name=self._presence.name, broker=broker
        )
        declare(self.__call__)

    def _drain(self, task_id: str) -> bool:
        """Work until nothing is due; False where something may be left."""
        until = time.monotonic() + SLICE_S
        self._book_keeping()
        courier = self._courier
        taken = take(courier, heard=task_id) if task_id else look(courier)
        taken = self._looked_on(taken)
        while taken.work is not None:
            self.count += 1
            self._at_work(taken.work)
            self._own.hold(taken.work)
            ended = do(self._courier, taken.work)
            self._book_keeping()
            self._own.let_go()
            if time.monotonic() >= until or self._is_enough(self.count):
                self._courier.hands.unsaved.append(ended)
                save(self._courier)
                return False
            taken = self._looked_on(record_and_take(self._courier, ended))
        return not taken.again

    def _book_keeping(self) -> None:
        """Give the database its time: a wait for it is broken off, too."""
        self.limits.begin(soft_s=BOOK_KEEPING_S, hard_s=BOOK_KEEPING_S)

    def _at_work(self, work: Work) -> None:
        if isinstance(work, LookUp):
            return
        policy = work.policy
        # A message is limited by its call's own deadline: who breaks the call off
        # cannot say any more whether it was sent.
        least_s = work.within_s + OVERRUN_S if isinstance(work, MessageClaim) else 0.0
        self.limits.begin(
            soft_s=max(policy.soft_time_limit.total_seconds(), least_s),
            hard_s=max(policy.time_limit.total_seconds(), least_s),
        )

    def _looked_on(self, taken: Taken) -> Taken:
        looks = 1
        while taken.work is None and taken.again and looks < MOST_LOOKS:
            taken = take(self._courier)
            looks += 1
        return taken

    def _at(self, heard: str) -> str:
        return self._courier.hands.task_id or heard

    def ring_for_what_is_due(self) -> None:
        """Ring as anybody would: what is left waits for the next bell.

        Also as the worker starts: nobody has rung for a worker that was not there.
        """
        try:
            dispatch.release(self._courier.runtime)
        except BellhopError as error:  # the scheduler rings within a second
            log.warning("Release failed", extra=fields("release_failed", cause=error))

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

    def _has_loose_ends(self) -> bool:
        return bool(self._courier.hands.unsaved) or self._stumble is not None

    def _try_to_settle(self) -> bool:
        try:
            self._settle()
        except BellhopError as error:  # the database is away: tried again soon
            log.warning(
                "Outcome not saved yet", extra=fields("outcome_not_saved", cause=error)
            )
            return False
        except Exception:
            log.exception("Outcome not saved", extra=fields("outcome_not_saved"))
            return False
        return True

    def _settle(self) -> None:
        try:
            save(self._courier)
        except BellhopError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours; what was held is unknown
            self._note(stumble_over(self._at(""), error), error)
        if self._stumble is None:
            return
        try:
            clean_up_after(self._courier, self._stumble)
        except BellhopError:
            raise
        except Exception:
            self.is_broken = True
            raise
        self._stumble = None
