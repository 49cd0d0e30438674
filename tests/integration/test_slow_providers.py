"""A provider that hangs or is slow: it comes back, and e-mail does not wait for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.channels.base import CALL_S, LookupAnswer, Message
from app.domain.circuits import PATIENCE_S
from app.domain.outcomes import Fault, Lookup, Outcome, Result
from app.domain.recipients import Channel
from app.services.gate_state import GateState, look
from app.services.gates import Gates
from app.storage.tables import attempts, tasks
from tests.engine import UNLIMITED, Engine, open_engine
from tests.fakes import FakeProvider
from tests.house import rows

LATE = Outcome(result=Result.AMBIGUOUS, reason="no answer", fault=Fault.TIMEOUT)
LONGEST_WAIT = timedelta(seconds=15)
FOR_EVER_S = 3600.0


class SlowProvider(FakeProvider):
    """Takes for its calls, numbered from 1, the seconds that it is told."""

    def __init__(self, wait: Callable[[float], None]) -> None:
        """`wait`: lets so many seconds pass."""
        super().__init__()
        self._wait = wait
        self.needs_s: Callable[[int], float] = lambda _number: 0.0

    def send(self, message: Message, *, within_s: float = CALL_S) -> Outcome:
        """Take a message, if there is the time."""
        outcome = super().send(message, within_s=within_s)
        return outcome if self._is_in_time(within_s) else LATE

    def look_up(
        self, *_asked: object, within_s: float = CALL_S, **_: object
    ) -> LookupAnswer:
        """Say that it does not have the message, if there is the time."""
        self.calls.append("look_up")
        self.given_s.append(within_s)
        in_time = self._is_in_time(within_s)
        return LookupAnswer(lookup=Lookup.NOT_FOUND if in_time else Lookup.UNANSWERED)

    def _is_in_time(self, within_s: float) -> bool:
        needed_s = self.needs_s(len(self.calls))
        self._wait(min(needed_s, within_s))
        return needed_s <= within_s


@dataclass(kw_only=True)
class Office:
    """A house whose SMS go by a slow provider while e-mails come in."""

    engine: Engine
    mails: list[str] = field(default_factory=list)
    sms: SlowProvider = field(init=False)

    def __post_init__(self) -> None:
        self.sms = SlowProvider(self.wait)
        served = {**self.engine.courier.providers, Channel.SMS: (self.sms,)}
        courier = replace(self.engine.courier, providers=served)
        self.engine = self.engine.with_courier(courier)

    def wait(self, seconds: float) -> None:
        """Let time pass, and e-mails come in."""
        for _ in range(round(seconds)):
            second = self.engine.clock.advance(seconds=1).second
            if second % 2:
                continue
            mail = {"channel": Channel.EMAIL, "recipient": f"m{len(self.mails)}@a.org"}
            self.mails.append(self.engine.message(**mail))

    def many_sms(self, count: int) -> list[str]:
        """Let so many SMS wait, each to somebody else."""
        until = self.engine.clock.now + timedelta(days=9)
        return [
            self.engine.message(recipient=f"+1415555{one:04}", useful_until=until)
            for one in range(count)
        ]

    def work_for(self, minutes: int) -> None:
        """Work whenever there is something to do."""
        until = self.engine.clock.now + timedelta(minutes=minutes)
        while self.engine.clock.now < until:
            self.engine.work()
            self.wait(1)
        self.engine.work()

    def longest_wait(self) -> timedelta:
        """Return how long the e-mail waited that waited longest."""
        due = {row["id"]: row["due_at"] for row in rows(self.engine.runtime, tasks)}
        sent = rows(self.engine.runtime, attempts, gate="email")
        assert {row["task_id"] for row in sent} == set(self.mails)
        return max(row["started_at"] - due[row["task_id"]] for row in sent)

    def gate(self) -> GateState:
        """Return how the gate of SMS stands."""
        runtime, now = self.engine.runtime, self.engine.clock.now
        with runtime.database.read() as tx:
            return look(Gates(tx, runtime, now=now), "sms").state


@pytest.fixture(name="office", params=["one slice", "many slices"])
def office_of_slow_sms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Office]:
    # What a worker takes next it chooses itself, or it is rung for it.
    if request.param == "many slices":
        monkeypatch.setattr("actors.run.SLICE_S", 0.0)
    with open_engine(tmp_path, policy=UNLIMITED) as engine:
        yield Office(engine=engine)


def test_behind_sms_of_which_every_second_one_hangs_no_mail_waits_long(
    office: Office,
) -> None:
    office.sms.needs_s = lambda number: FOR_EVER_S if number % 2 else 1.0
    office.many_sms(60)

    office.work_for(minutes=5)

    assert office.longest_wait() <= LONGEST_WAIT


@pytest.mark.parametrize("seconds", [4.0, 8.0])
def test_one_that_is_well_but_slow_comes_back_after_it_hung(
    office: Office, seconds: float
) -> None:
    office.sms.needs_s = lambda number: FOR_EVER_S if number == 1 else seconds
    waiting = office.many_sms(10)

    office.work_for(minutes=5)

    assert office.gate() is GateState.OPEN
    assert {office.engine.status(task) for task in waiting} == {"sent"}


def test_while_it_hangs_a_long_probe_holds_up_no_mail_for_long(office: Office) -> None:
    office.sms.needs_s = lambda _number: FOR_EVER_S
    office.many_sms(10)

    office.work_for(minutes=5)

    assert office.sms.given_s.count(PATIENCE_S) >= 2
    assert office.longest_wait() <= LONGEST_WAIT
