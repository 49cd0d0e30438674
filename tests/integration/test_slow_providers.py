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


#: One company carries both SMS and WhatsApp.
TWILIO = {
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "secret",
    "TWILIO_SMS_FROM": "+14155550199",
    "TWILIO_WHATSAPP_FROM": "+14155550199",
    "BELLHOP_PREVIEW": "1",
}
WITHOUT_TEMPLATES = f"{UNLIMITED}\n[whatsapp]\nfree_words = true\n"


class SlowProvider(FakeProvider):
    """Takes for its calls, numbered from 1, the seconds that it is told."""

    def __init__(self, wait: Callable[[float], None], left: list[Message]) -> None:
        """`wait`: lets so many seconds pass; `left`: what was handed to anybody."""
        super().__init__(name="twilio")
        self._wait = wait
        self._left = left
        self.needs_s: Callable[[int], float] = lambda _number: 0.0

    def send(self, message: Message, *, within_s: float = CALL_S) -> Outcome:
        """Take a message, if there is the time."""
        self._left.append(message)
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
    left: list[Message] = field(default_factory=list)
    sms: SlowProvider = field(init=False)
    mail: SlowProvider = field(init=False)

    def __post_init__(self) -> None:
        self.sms = SlowProvider(self.wait, self.left)
        self.mail = SlowProvider(self.wait, self.left)
        providers = {
            Channel.SMS: (self.sms,),
            Channel.WHATSAPP: (self.sms,),
            Channel.EMAIL: (self.mail,),
        }
        courier = replace(self.engine.courier, providers=providers)
        self.engine = self.engine.with_courier(courier)

    def wait(self, seconds: float) -> None:
        """Let time pass, and e-mails come in."""
        for _ in range(round(seconds)):
            second = self.engine.clock.advance(seconds=1).second
            if second % 2:
                continue
            mail = {"channel": Channel.EMAIL, "recipient": f"m{len(self.mails)}@a.org"}
            self.mails.append(self.engine.message(**mail))

    def many_sms(self, count: int, *, channel: Channel = Channel.SMS) -> list[str]:
        """Let so many SMS wait, each to somebody else."""
        usual = {
            "channel": channel,
            "useful_until": self.engine.clock.now + timedelta(days=9),
        }
        return [
            self.engine.message(recipient=f"+1415555{one:04}", **usual)
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

    def turns(self) -> list[str]:
        """Return in which lanes the messages waited that left, in order."""
        lanes = {row["id"]: row["lane"] for row in rows(self.engine.runtime, tasks)}
        return [lanes[message.key] for message in self.left]

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
    with open_engine(tmp_path, policy=WITHOUT_TEMPLATES, **TWILIO) as engine:
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
    assert office.longest_wait() <= LONGEST_WAIT


def test_while_it_hangs_a_long_probe_holds_up_no_mail_for_long(office: Office) -> None:
    office.sms.needs_s = lambda _number: FOR_EVER_S
    office.many_sms(10)

    office.work_for(minutes=5)

    assert office.sms.given_s.count(PATIENCE_S) >= 2
    assert office.longest_wait() <= LONGEST_WAIT


def test_a_company_that_hangs_on_two_channels_holds_up_no_mail_for_both(
    office: Office,
) -> None:
    office.sms.needs_s = lambda _number: FOR_EVER_S
    office.many_sms(10)
    office.many_sms(10, channel=Channel.WHATSAPP)

    office.work_for(minutes=6)

    gates = {message.channel for message in office.left}
    assert gates == {Channel.SMS, Channel.WHATSAPP, Channel.EMAIL}
    assert office.sms.given_s.count(PATIENCE_S) >= 3
    assert office.longest_wait() <= LONGEST_WAIT


def test_behind_one_that_always_takes_long_no_mail_waits_until_all_is_sent(
    office: Office,
) -> None:
    office.sms.needs_s = lambda _number: 8.0
    waiting = office.many_sms(20)

    office.work_for(minutes=5)

    assert {office.engine.status(task) for task in waiting} == {"sent"}
    assert office.longest_wait() <= LONGEST_WAIT


def test_the_others_have_as_long_as_the_call_took_and_then_it_goes_on(
    office: Office,
) -> None:
    office.sms.needs_s = lambda _number: 8.0
    office.mail.needs_s = lambda _number: 1.0
    office.many_sms(3)
    office.wait(60)

    office.engine.work()

    assert office.turns()[:19] == ["sms", *["email"] * 8] * 2 + ["sms"]


def test_a_code_goes_before_those_whose_turn_it_is(office: Office) -> None:
    office.sms.needs_s = lambda _number: 8.0
    office.many_sms(3)
    for number in range(2):
        phone = f"+1415555999{number}"
        office.engine.message(recipient=phone, queue="high", priority=10)

    office.engine.work()

    assert office.turns()[:3] == ["high/sms", "high/sms", "email"]


def test_after_a_quick_call_the_most_urgent_one_goes_whoever_waits(
    office: Office,
) -> None:
    office.sms.needs_s = lambda _number: 1.0
    office.many_sms(9)

    office.engine.work()

    assert office.turns()[:10] == ["sms"] * 9 + ["email"]


def test_two_slow_channels_are_not_each_others_others(office: Office) -> None:
    office.sms.needs_s = lambda _number: 5.0
    office.many_sms(60)
    office.many_sms(60, channel=Channel.WHATSAPP)

    office.work_for(minutes=12)

    assert office.longest_wait() <= LONGEST_WAIT


def test_an_unknown_outcome_is_looked_up_beside_slow_channels(office: Office) -> None:
    office.sms.needs_s = lambda number: FOR_EVER_S if number == 1 else 2.5
    office.many_sms(1)
    office.engine.work()
    office.many_sms(60)
    office.many_sms(60, channel=Channel.WHATSAPP)

    office.work_for(minutes=4)

    assert "look_up" in office.sms.calls[: len(office.sms.calls) // 2]
