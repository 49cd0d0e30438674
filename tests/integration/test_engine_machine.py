"""Anything in any order: nothing is stuck, doubled, out of turn or sent when cancelled.

Hypothesis plays the world (customers, providers, crashes, lost doorbells, time); at the
end the world is well again, and every message must come to its end.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from app.channels.base import CALL_S, LookupAnswer, Message
from app.domain.outcomes import Lookup, Outcome, Result
from app.domain.tasks import FINISHED, UNDER_WAY
from app.errors import ConflictError
from app.services import notifications, recovery, workers
from app.services.delivery import deliver
from app.storage.tables import tasks
from tests.engine import Engine, join, open_engine
from tests.fakes import FakeProvider
from tests.house import perform, rows

PHONES = ("+14155550100", "+14155550111")
DEFINITE = [r for r in Result if r is not Result.AMBIGUOUS]
#: Rounds of a minute after which all must be finished: the messages' day has passed.
PATIENCE = 24 * 60 + 5


class CrashError(BaseException):
    """The worker's process ends here, and no handler of ours is run."""


class Watched(FakeProvider):
    """Checks each message that it is handed, and remembers what it has taken."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        #: How often each message was taken, known to us or not.
        self.taken: dict[str, int] = {}

    def send(self, message: Message, *, within_s: float = CALL_S) -> Outcome:
        row = self._engine.row(message.key)
        assert row["status"] == "sending"
        assert not self._earlier_under_way(row), "a later message went first"
        if not self.script:
            self.take(message)
        return super().send(message, within_s=within_s)

    def take(self, message: Message) -> None:
        self.taken[message.key] = self.taken.get(message.key, 0) + 1

    def look_up(self, message: Message, *, since: object) -> LookupAnswer:
        if self.taken.get(message.key):
            return LookupAnswer(lookup=Lookup.FOUND, provider_message_id=message.key)
        return LookupAnswer(lookup=Lookup.NOT_FOUND)

    def _earlier_under_way(self, row: sa.RowMapping) -> list[str]:
        return [
            other["id"]
            for other in rows(self._engine.runtime, tasks, order_key=row["order_key"])
            if other["seq"] < row["seq"] and other["status"] in UNDER_WAY
        ]


class World(RuleBasedStateMachine):
    """One worker at a time, two customers, and whatever may happen to them."""

    @initialize()
    def build(self) -> None:
        self.stack = ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.engine = self.stack.enter_context(open_engine(Path(folder)))
        self.provider = Watched(self.engine)
        self.cancelled: set[str] = set()
        self.start_worker()

    def start_worker(self) -> None:
        self.worker = join(
            self.engine.runtime,
            clock=self.engine.clock,
            doorbell=self.engine.doorbell,
            provider=self.provider,
        )

    @rule(phone=st.sampled_from(PHONES), priority=st.integers(0, 2))
    def plan(self, phone: str, priority: int) -> None:
        self.engine.message(recipient=phone, priority=priority)

    @rule()
    def release(self) -> None:
        self.engine.release()

    @rule(outcome=st.sampled_from(DEFINITE))
    def answer_a_doorbell(self, outcome: Result) -> None:
        def act() -> Outcome:
            if outcome is Result.ACCEPTED:
                self.provider.take(self.provider.handed[-1])
            return Outcome(result=outcome, reason="as the test wants it")

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

    @rule(was_taken=st.booleans())
    def the_worker_crashes(self, was_taken: bool) -> None:  # noqa: FBT001 - hypothesis calls it by name
        def act() -> Outcome:
            if was_taken:
                self.provider.take(self.provider.handed[-1])
            raise CrashError

        self.provider.script.append(act)
        for task_id in self.engine.doorbell.take()[:1]:
            with suppress(CrashError):
                deliver(self.worker.courier, task_id)
        self.provider.script.clear()
        self.worker.die()
        self.start_worker()

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

    def _get_well(self) -> None:
        """Let the world be as it should be until all is finished."""
        self.engine.doorbell.fails = False
        self.engine.doorbell.available = True
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
