"""Two providers of one channel: the other one takes over, and gives it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.channels.base import LookupAnswer
from app.domain.circuits import FIRST_PAUSE, PATIENCE_S, PROBE_PATIENCE_S
from app.domain.outcomes import Fault, Lookup, Outcome, Result
from app.domain.recipients import Channel
from app.services.gate_state import GateState, look
from app.services.gates import Gates
from app.storage.tables import tasks
from tests.engine import UNLIMITED, Engine, open_engine
from tests.fakes import FakeProvider
from tests.house import rows

SETTINGS = {
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "secret",
    "TWILIO_SMS_FROM": "+14155550199",
    "VONAGE_API_KEY": "abcd1234",
    "VONAGE_API_SECRET": "secret",
    "VONAGE_SMS_FROM": "SalonRosa",
}
DOWN = Outcome(result=Result.TRANSIENT, reason="not reached", fault=Fault.DOWN)
REFUSED = Outcome(result=Result.CONFIG, reason="wrong token", fault=Fault.REFUSED)
LIMITED = Outcome(result=Result.TRANSIENT, reason="too fast", fault=Fault.LIMITED)
CUT = Outcome(result=Result.AMBIGUOUS, reason="cut off", fault=Fault.DOWN)
BAD_NUMBER = Outcome(result=Result.PERMANENT_RECIPIENT, reason="no such number")
PAUSE_S = FIRST_PAUSE.total_seconds()


@dataclass(frozen=True, kw_only=True)
class Two:
    """A house whose SMS go over Twilio, or else over Vonage."""

    engine: Engine
    twilio: FakeProvider
    vonage: FakeProvider

    def send(self, count: int, *, first: int = 0) -> list[str]:
        """Let so many SMS leave, each to somebody else."""
        waiting = [
            self.engine.message(recipient=f"+1415{first + number:07}")
            for number in range(count)
        ]
        self.engine.work()
        return waiting

    def statuses(self, messages: list[str]) -> set[str]:
        """Return where the messages stand."""
        return {self.engine.status(message) for message in messages}

    def told(self) -> list[str]:
        """Return what the staff was told of, in order."""
        alerts = rows(self.engine.runtime, tasks, kind="staff_alert")
        alerts.sort(key=lambda row: int(row["seq"]))
        return [row["args"]["subject"] for row in alerts]

    def gate(self) -> GateState:
        """Return how the gate of SMS stands."""
        runtime, now = self.engine.runtime, self.engine.clock.now
        with runtime.database.read() as tx:
            return look(Gates(tx, runtime, now=now), "sms").state


@pytest.fixture(name="two")
def two_providers(tmp_path: Path) -> Iterator[Two]:
    with open_engine(tmp_path, policy=UNLIMITED, **SETTINGS) as engine:
        twilio, vonage = FakeProvider(name="twilio"), FakeProvider(name="vonage")
        served = {**engine.courier.providers, Channel.SMS: (twilio, vonage)}
        courier = replace(engine.courier, providers=served)
        yield Two(engine=engine.with_courier(courier), twilio=twilio, vonage=vonage)


def test_the_preferred_one_carries_all_while_it_is_well(two: Two) -> None:
    messages = two.send(3)

    assert two.statuses(messages) == {"sent"}
    assert (len(two.twilio.handed), len(two.vonage.handed)) == (3, 0)
    assert two.engine.note(messages[0])["provider"] == "twilio"


def test_after_five_failures_the_other_carries_what_is_left(two: Two) -> None:
    two.twilio.script += [DOWN] * 9

    messages = two.send(10)

    assert len(two.twilio.handed) == 5
    assert len(two.vonage.handed) == 6  # the fifth is handed over at once
    assert two.gate() is GateState.OPEN
    two.engine.clock.advance(minutes=2)
    two.engine.work()
    assert two.statuses(messages) == {"sent"}


def test_a_refused_login_costs_a_message_nothing(two: Two) -> None:
    two.twilio.script.append(REFUSED)

    messages = two.send(3)

    assert two.statuses(messages) == {"sent"}
    assert [len(p.handed) for p in (two.twilio, two.vonage)] == [1, 3]
    assert [a["provider"] for a in two.engine.attempts(messages[0])] == [
        "twilio",
        "vonage",
    ]


def test_one_that_asks_for_a_pause_is_given_it_and_nobody_waits(two: Two) -> None:
    two.twilio.script.append(LIMITED)

    messages = two.send(3)

    assert two.statuses(messages) == {"sent"}
    assert len(two.vonage.handed) == 3


def test_it_comes_back_by_itself_once_one_message_has_gone_well(two: Two) -> None:
    two.twilio.script.append(REFUSED)
    two.send(1)
    two.engine.clock.advance(seconds=PAUSE_S)

    messages = two.send(3, first=100)

    assert two.statuses(messages) == {"sent"}
    assert len(two.twilio.handed) == 1 + 3
    assert two.twilio.given_s == [PATIENCE_S, PROBE_PATIENCE_S, PATIENCE_S, PATIENCE_S]


def test_while_one_message_tries_it_the_others_do_not(two: Two) -> None:
    two.twilio.script.append(REFUSED)
    two.send(1)
    two.engine.clock.advance(seconds=PAUSE_S)
    two.twilio.script.append(REFUSED)

    messages = two.send(4, first=100)

    assert two.statuses(messages) == {"sent"}
    assert len(two.twilio.handed) == 2
    assert len(two.vonage.handed) == 1 + 4


def test_the_staff_is_told_of_each_change(two: Two) -> None:
    two.twilio.script.append(REFUSED)
    two.send(1)
    two.engine.clock.advance(seconds=PAUSE_S)
    two.send(1, first=100)

    assert two.told() == ["SMS goes over vonage now", "SMS goes over twilio now"]


def test_a_slow_one_is_left_alone_where_the_other_is_well(two: Two) -> None:
    two.twilio.script += [_slow(two, seconds=5)] * 9

    messages = two.send(8)

    assert two.statuses(messages) == {"sent"}
    assert len(two.twilio.handed) == 5
    assert len(two.vonage.handed) == 3
    assert two.told() == ["SMS goes over vonage now"]


def test_one_that_was_slow_serves_again_once_one_message_has_gone_fast(
    two: Two,
) -> None:
    two.twilio.script += [_slow(two, seconds=5)] * 5
    two.send(6)
    two.engine.clock.advance(seconds=PAUSE_S)

    two.send(3, first=100)

    assert (len(two.twilio.handed), len(two.vonage.handed)) == (8, 1)


def test_one_that_fails_every_other_time_is_left_alone(two: Two) -> None:
    well = Outcome(result=Result.ACCEPTED, provider_message_id="SM1")
    two.twilio.script += [well, DOWN] * 9

    two.send(14)

    assert len(two.twilio.handed) == 10
    assert len(two.vonage.handed) == 4
    assert two.told() == ["SMS goes over vonage now"]


def test_a_slow_one_is_better_than_none(two: Two) -> None:
    two.vonage.script.append(REFUSED)
    two.twilio.script += [_slow(two, seconds=5)] * 9
    two.twilio.script.appendleft(REFUSED)
    two.send(1)  # both are ill now

    assert two.gate() is GateState.CIRCUIT_OPEN
    two.engine.clock.advance(seconds=PAUSE_S)
    two.engine.work()
    two.send(8, first=100)

    assert len(two.twilio.handed) >= 9


def test_nobody_else_is_given_what_may_have_been_sent(two: Two) -> None:
    two.twilio.script += [CUT, *[REFUSED] * 2]
    not_there = LookupAnswer(lookup=Lookup.NOT_FOUND)
    two.twilio.look_ups.append(not_there)
    (message,) = two.send(1)
    two.send(1, first=100)  # now SMS go over the other

    assert two.engine.status(message) == "unknown"
    assert message not in [handed.key for handed in two.vonage.handed]
    two.engine.clock.advance(minutes=2)
    two.engine.work()

    assert [asked.key for asked, _ in two.twilio.asked] == [message]
    assert two.vonage.asked == []


def test_what_is_the_recipients_fault_is_no_reason_to_ask_another(two: Two) -> None:
    two.twilio.script.append(BAD_NUMBER)

    (message,) = two.send(1)

    assert two.engine.status(message) == "dead"
    assert two.vonage.handed == []


def _slow(two: Two, *, seconds: float) -> Callable[[], Outcome]:
    def take_long() -> Outcome:
        two.engine.clock.advance(seconds=seconds)
        name = f"SM{len(two.twilio.handed)}"
        return Outcome(result=Result.ACCEPTED, provider_message_id=name)

    return take_long
