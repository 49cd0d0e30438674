"""A provider that is down is spared: what waits is unharmed, and slows nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.channels.base import LookupAnswer
from app.domain.circuits import FIRST_PAUSE, PATIENCE_S, PROBE_PATIENCE_S
from app.domain.outcomes import Fault, Lookup, Outcome, Result
from app.domain.recipients import Channel
from app.services import recovery
from app.services.gate_state import GateState, look
from app.services.gates import Gates
from app.storage.tables import attempts, circuits, tasks
from tests.engine import UNLIMITED, Engine, another_worker, open_engine
from tests.house import rows

DOWN = Outcome(result=Result.TRANSIENT, reason="not reached", fault=Fault.DOWN)
REFUSED = Outcome(result=Result.CONFIG, reason="wrong token", fault=Fault.REFUSED)
FOUND = LookupAnswer(lookup=Lookup.FOUND, provider_message_id="SM7")
UNANSWERED = LookupAnswer(lookup=Lookup.UNANSWERED)
PAUSE_S = FIRST_PAUSE.total_seconds()
MAIL = {"channel": Channel.EMAIL, "recipient": "alice@example.org"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Engine]:
    """A house in which nothing waits for a rate limit."""
    with open_engine(tmp_path, policy=UNLIMITED) as engine:
        yield engine


def phone(number: int) -> str:
    return f"+1415{number:07}"


def many(house: Engine, number: int, *, first: int = 0) -> list[str]:
    """Let so many SMS wait, each to somebody else."""
    return [house.message(recipient=phone(first + one)) for one in range(number)]


def break_down(house: Engine) -> None:
    """Let the SMS provider fail until it is spared."""
    house.provider.script += [DOWN] * 5
    many(house, 5, first=900)
    house.work()
    assert gate_of(house) is GateState.CIRCUIT_OPEN
    house.provider.handed.clear()
    house.provider.given_s.clear()


def gate_of(house: Engine, queue: str = "sms") -> GateState:
    with house.runtime.database.read() as tx:
        return look(Gates(tx, house.runtime, now=house.clock.now), queue).state


def hanging(house: Engine, result: Result = Result.AMBIGUOUS) -> Callable[[], Outcome]:
    """Return a call that takes all the time it is given."""

    def hang() -> Outcome:
        house.clock.advance(seconds=house.provider.given_s[-1])
        return Outcome(result=result, reason="no answer", fault=Fault.TIMEOUT)

    return hang


@pytest.mark.parametrize(("answers", "tried"), [([DOWN] * 9, 5), ([REFUSED], 1)])
def test_after_five_failures_or_one_refused_login_nothing_more_is_sent(
    house: Engine, answers: list[Outcome], tried: int
) -> None:
    house.provider.script += answers
    waiting = many(house, 9)

    house.work()

    assert len(house.provider.handed) == tried
    untouched = [house.row(task) for task in waiting[tried:]]
    assert {(row["status"], row["attempts"]) for row in untouched} == {("pending", 0)}
    assert gate_of(house) is GateState.CIRCUIT_OPEN


def test_while_it_is_spared_no_row_uses_up_an_attempt_and_others_go_on(
    house: Engine,
) -> None:
    break_down(house)
    waiting = many(house, 10)
    mail = house.message(**MAIL)

    house.clock.advance(seconds=PAUSE_S, milliseconds=-1)
    house.work()

    assert {house.row(task)["attempts"] for task in waiting} == {0}
    assert house.status(mail) == "sent"


def test_after_the_pause_one_tries_for_three_seconds_and_the_rest_follows(
    house: Engine,
) -> None:
    break_down(house)
    waiting = many(house, 10)
    house.clock.advance(seconds=PAUSE_S)

    house.work()

    assert {house.status(task) for task in waiting} == {"sent"}
    assert house.provider.given_s == [PROBE_PATIENCE_S] + [PATIENCE_S] * 9
    assert gate_of(house) is GateState.OPEN
    assert rows(house.runtime, circuits) == []


def test_when_it_fails_the_pause_is_twice_as_long(house: Engine) -> None:
    break_down(house)
    many(house, 10)
    house.clock.advance(seconds=PAUSE_S)
    house.provider.script.append(DOWN)
    house.work()

    house.clock.advance(seconds=2 * PAUSE_S, milliseconds=-1)
    house.work()
    assert len(house.provider.handed) == 1
    house.clock.advance(milliseconds=1)
    house.work()

    assert len(house.provider.handed) > 1
    assert gate_of(house) is GateState.OPEN


def test_two_workers_try_one_message_between_them(house: Engine) -> None:
    break_down(house)
    many(house, 10)
    other = another_worker(house, house.provider)
    house.clock.advance(seconds=PAUSE_S)

    def another_looks_meanwhile() -> Outcome:
        other.run("any bell")
        return DOWN

    house.provider.script.append(another_looks_meanwhile)
    house.work()

    assert len(house.provider.handed) == 1
    other.die()


def test_a_probe_whose_worker_died_is_made_again_by_another(house: Engine) -> None:
    break_down(house)
    many(house, 2)
    house.clock.advance(seconds=PAUSE_S)
    other = another_worker(house, house.provider)

    def die() -> Outcome:
        house.die()
        raise SystemExit

    house.provider.script.append(die)
    house.work()
    house.clock.advance(seconds=15)
    house.release()
    for task_id in house.doorbell.take():
        other.run(task_id)

    assert len(house.provider.handed) >= 2
    other.die()


def test_a_provider_that_asks_for_a_pause_gets_it(house: Engine) -> None:
    limited = Outcome(
        result=Result.TRANSIENT,
        reason="slow down",
        fault=Fault.LIMITED,
        retry_after=timedelta(seconds=45),
    )
    house.provider.script.append(limited)
    waiting = many(house, 3)

    house.work()
    house.clock.advance(seconds=45, milliseconds=-1)
    house.work()
    assert len(house.provider.handed) == 1
    house.clock.advance(milliseconds=1)
    house.work()

    assert [house.status(task) for task in waiting[1:]] == ["sent", "sent"]


def test_two_time_outs_open_it_and_the_second_is_short(house: Engine) -> None:
    house.provider.script += [hanging(house)] * 5
    many(house, 5)

    house.work()

    assert house.provider.given_s == [PATIENCE_S, PROBE_PATIENCE_S]
    assert gate_of(house) is GateState.CIRCUIT_OPEN


@pytest.mark.parametrize("result", [Result.AMBIGUOUS, Result.TRANSIENT])
def test_behind_an_sms_provider_that_hangs_no_mail_waits_longer_than_15_seconds(
    house: Engine, result: Result
) -> None:
    house.provider.look_ups += [hanging_question(house)] * 100
    many(house, 100)
    mails, until = [], house.clock.now + timedelta(minutes=8)

    while house.clock.now < until:
        mails.append(house.message(**MAIL))
        # Only an SMS hangs: its turn may come before or after the mail's.
        hang_for_sms_alone(house, result)
        house.work()
        house.clock.advance(seconds=1)
    house.work()

    waits = [
        attempt["started_at"] - house.row(mail)["due_at"]
        for mail in mails
        for attempt in house.attempts(mail)
    ]
    assert len(waits) == len(mails) > 100
    assert max(waits) <= timedelta(seconds=15)
    sms = rows(house.runtime, attempts, gate="sms")
    # Two time-outs, then one probe after each pause, be it a question or a message.
    assert 2 <= len(sms) <= 8


def hanging_question(house: Engine) -> Callable[[], LookupAnswer]:
    def hang() -> LookupAnswer:
        house.clock.advance(seconds=house.provider.given_s[-1])
        return UNANSWERED

    return hang


def hang_for_sms_alone(house: Engine, result: Result) -> None:
    provider = house.provider
    hang = hanging(house, result)

    def act() -> Outcome:
        provider.script.append(act)
        if provider.handed[-1].channel is Channel.SMS:
            return hang()
        return Outcome(result=Result.ACCEPTED, provider_message_id="taken")

    provider.script.clear()
    provider.script.append(act)


def test_what_nobody_knows_is_not_asked_of_a_spared_provider(house: Engine) -> None:
    house.provider.script += [hanging(house)] * 2
    house.provider.look_ups += [FOUND, FOUND]
    unknown = many(house, 2)
    house.work()
    assert {house.status(task) for task in unknown} == {"unknown"}
    pauses = [row["open_until"] for row in rows(house.runtime, circuits)]
    house.clock.now = pauses[0] - timedelta(milliseconds=1)

    house.work()
    assert house.provider.asked == []
    house.clock.advance(seconds=60)
    house.work()

    assert {house.status(task) for task in unknown} == {"sent"}


def test_a_look_up_that_is_not_answered_counts_against_the_provider(
    house: Engine,
) -> None:
    house.provider.script += [Outcome(result=Result.AMBIGUOUS, reason="cut")] * 6
    house.provider.look_ups += [UNANSWERED] * 6
    many(house, 6)
    house.work()
    house.clock.advance(seconds=60)

    house.work()

    # As one that hangs: two are enough.
    assert len(house.provider.asked) == 2
    assert gate_of(house) is GateState.CIRCUIT_OPEN


def test_all_that_waited_arrives_once_it_is_well(house: Engine) -> None:
    # Down for an hour, with bookings coming in all the while.
    began, number = house.clock.now, 0
    while house.clock.now < began + timedelta(hours=2, minutes=15):
        if house.clock.now < began + timedelta(hours=1):
            house.message(recipient=phone(number := number + 1))
            house.provider.script.extend([DOWN] * 9)
        house.work()
        house.provider.script.clear()
        recovery.retry_failed(house.runtime)
        house.clock.advance(seconds=30)

    found = rows(house.runtime, tasks, kind="message")
    assert {row["status"] for row in found} == {"sent"}
    # Only those that tried in vain have lost a try.
    assert sum(row["attempts"] == 1 for row in found) > len(found) * 0.9
