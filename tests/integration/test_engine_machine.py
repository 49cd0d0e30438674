"""Anything in any order: nothing is stuck, doubled, out of turn or sent when cancelled.

Hypothesis plays the world (customers, providers, crashes, lost doorbells, time); at the
end the world is well again, and every message must come to its end.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from app.channels.base import LookupAnswer, Message
from app.domain.outcomes import Fault, Lookup, Outcome, Result
from app.domain.tasks import FINISHED
from app.errors import ConflictError
from app.services import notifications, recovery, workers
from app.services.delivery import do
from app.services.recording import record_and_take
from app.services.taking import take
from app.storage.tables import tasks
from tests.engine import another_worker, open_engine
from tests.house import perform, rows
from tests.watched import Watched

PHONES = ("+14155550100", "+14155550111")
DEFINITE = [r for r in Result if r is not Result.AMBIGUOUS]
#: Rounds of a minute after which all must be finished: the messages' day has passed.
PATIENCE = 24 * 60 + 5


class CrashError(BaseException):
    """The worker's process ends here, and no handler of ours is run."""


class World(RuleBasedStateMachine):
    """Two workers, two customers, and whatever may happen to them."""

    @initialize()
    def build(self) -> None:
        self.stack = ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.engine = self.stack.enter_context(open_engine(Path(folder)))
        self.provider = Watched(self.engine)
        self.cancelled: set[str] = set()
        self.start_worker()
        self.other = another_worker(self.engine, self.provider)

    def start_worker(self) -> None:
        self.worker = another_worker(self.engine, self.provider)

    @rule(phone=st.sampled_from(PHONES), priority=st.integers(0, 2))
    def plan(self, phone: str, priority: int) -> None:
        self.engine.message(recipient=phone, priority=priority)

    @rule()
    def release(self) -> None:
        self.engine.release()

    @rule(outcome=st.sampled_from(DEFINITE), fault=st.sampled_from(Fault))
    def answer_a_doorbell(self, outcome: Result, fault: Fault) -> None:
        def act() -> Outcome:
            if outcome is Result.ACCEPTED:
                self.provider.take(self.provider.handed[-1])
                return Outcome(result=outcome)
            return Outcome(result=outcome, reason="as the test wants it", fault=fault)

        self.provider.script.append(act)
        self._hear()

    @rule()
    def two_workers_are_at_it(self) -> None:
        message: list[Message] = []

        def act() -> Outcome:
            message.append(self.provider.handed[-1])
            self.other.run("any bell")
            self.provider.take(message[0])
            return Outcome(result=Result.ACCEPTED)

        self.provider.script.append(act)
        self._hear()

    @rule(was_taken=st.booleans())
    def the_line_is_cut(self, was_taken: bool) -> None:  # noqa: FBT001 - hypothesis calls it by name
        def act() -> Outcome:
            if was_taken:
                self.provider.take(self.provider.handed[-1])
            return Outcome(result=Result.AMBIGUOUS, reason="cut")

        self.provider.script.append(act)
        self._hear()

    @rule(was_taken=st.booleans(), done_before=st.integers(0, 2))
    def the_worker_crashes(self, was_taken: bool, done_before: int) -> None:  # noqa: FBT001 - hypothesis calls it by name
        self.provider.script.clear()
        for task_id in self.engine.doorbell.take()[:1]:
            # A bug's trouble ends its life, too.
            with suppress(CrashError, RuntimeError):
                self._crash(task_id, done_before, was_taken)
        self.provider.script.clear()
        self.worker.die()
        self.start_worker()

    def _crash(self, task_id: str, done_before: int, was_taken: bool) -> None:  # noqa: FBT001 - as the rule has it
        courier = self.worker.courier
        taken = take(courier, heard=task_id)
        for _ in range(done_before):
            if taken.work is None:
                return
            taken = record_and_take(courier, do(courier, taken.work))

        def act() -> Outcome:
            if was_taken:
                self.provider.take(self.provider.handed[-1])
            raise CrashError

        if taken.work is not None:
            self.provider.script.append(act)
            do(courier, taken.work)

    @rule(was_answered=st.booleans())
    def the_worker_crashes_with_the_answer_in_its_hands(
        self,
        was_answered: bool,  # noqa: FBT001 - hypothesis calls it by name
    ) -> None:
        work = take(self.worker.courier).work
        if work is not None and was_answered:
            with suppress(RuntimeError):
                do(self.worker.courier, work)
        self.worker.die()
        self.start_worker()

    @rule()
    def a_look_up_stumbles(self) -> None:
        self.provider.trouble.append(RuntimeError("a bug"))

    @rule()
    def a_look_up_is_not_answered(self) -> None:
        self.provider.trouble.append(LookupAnswer(lookup=Lookup.UNANSWERED))

    @rule()
    def the_task_stumbles(self) -> None:
        self.provider.script.append(RuntimeError("a bug"))
        self._hear()

    @rule()
    def doorbells_are_lost(self) -> None:
        self.engine.doorbell.take()

    @rule()
    def doorbells_are_doubled(self) -> None:
        self.engine.doorbell.rings *= 2

    @rule(fails=st.booleans(), available=st.booleans())
    def the_queue_comes_and_goes(self, fails: bool, available: bool) -> None:  # noqa: FBT001 - hypothesis calls it by name
        self.engine.doorbell.fails = fails
        self.engine.doorbell.available = available

    @rule(seconds=st.sampled_from([1, 21, 61, 150, 301]))
    def time_passes(self, seconds: int) -> None:
        self.engine.clock.advance(seconds=seconds)

    @rule()
    def a_round_of_failed_ones_is_due(self) -> None:
        self.engine.clock.advance(minutes=5)
        recovery.retry_failed(self.engine.runtime)

    @rule()
    def the_clock_is_set_back(self) -> None:
        self.engine.clock.advance(minutes=-2)

    @rule()
    def the_scheduler_runs(self) -> None:
        self._scheduler()

    @rule(chance=st.randoms(use_true_random=False))
    def a_person_cancels(self, chance: object) -> None:
        self._ask(notifications.cancel, chance, self.cancelled.add)

    @rule(chance=st.randoms(use_true_random=False))
    def a_person_retries(self, chance: object) -> None:
        self._ask(notifications.retry, chance, lambda _id: None)

    def teardown(self) -> None:
        if not hasattr(self, "stack"):
            return
        with self.stack:
            self._get_well()
            self._check_the_end()
            self.worker.die()
            self.other.die()

    def _get_well(self) -> None:
        """Let the world be as it should be until all is finished."""
        self.engine.doorbell.fails = False
        self.engine.doorbell.available = True
        self.provider.trouble.clear()
        for _ in range(PATIENCE):
            if not self._unfinished():
                return
            self._scheduler()
            self.engine.release()
            while self.engine.doorbell.rings:
                self._hear()
            self.engine.clock.advance(minutes=1)

    def _check_the_end(self) -> None:
        assert self._unfinished() == []
        for row in rows(self.engine.runtime, tasks):
            taken = self.provider.taken.get(row["id"], 0)
            if row["id"] in self.cancelled:
                assert row["status"] == "cancelled"
                # What was taken before was unknown, looked up and cancelled no more.
                assert taken == 0
            if row["status"] == "sent":
                assert taken == 1, "sent without being taken, or doubled"
            assert taken <= 1, "doubled"

    def _unfinished(self) -> list[tuple[str, str]]:
        return [
            (row["id"], row["status"])
            for row in rows(self.engine.runtime, tasks)
            if row["status"] not in FINISHED
        ]

    def _hear(self) -> None:
        for task_id, _ in self.engine.doorbell.rings[:1]:
            del self.engine.doorbell.rings[0]
            self.worker.run(task_id)
        self.provider.script.clear()

    def _scheduler(self) -> None:
        runtime = self.engine.runtime
        self.engine.release()
        workers.beat(runtime, self.worker.presence)
        workers.beat(runtime, self.other.presence)
        workers.beat(runtime, self.engine.presence)
        workers.take_over(runtime)
        recovery.relay(runtime)
        recovery.expire(runtime)
        recovery.retry_failed(runtime)

    def _ask(self, deed: object, chance: object, note: object) -> None:
        found = [row["id"] for row in rows(self.engine.runtime, tasks)]
        if not found:
            return
        task_id = chance.choice(found)  # type: ignore[attr-defined]
        try:
            perform(
                self.engine.runtime,
                lambda tx: deed(tx, task_id, now=self.engine.clock.now),  # type: ignore[operator]
            )
        except ConflictError:
            return
        note(task_id)  # type: ignore[operator]


TestWorld = World.TestCase
TestWorld.settings = settings(
    max_examples=15,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
