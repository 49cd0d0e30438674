"""The one message that tries a spared provider pays nothing for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.channels.base import LookupAnswer
from app.domain.outcomes import Fault, Lookup, Outcome, Result
from app.services import recovery
from tests.clock import USUAL
from tests.engine import UNLIMITED, Engine, another_worker, open_engine

DOWN = Outcome(result=Result.TRANSIENT, reason="not reached", fault=Fault.DOWN)
REFUSED = Outcome(result=Result.CONFIG, reason="wrong token", fault=Fault.REFUSED)
NOT_THERE = LookupAnswer(lookup=Lookup.NOT_FOUND)
FAR_OFF = USUAL.replace(year=2099)


def unclear(fault: Fault) -> Outcome:
    return Outcome(result=Result.AMBIGUOUS, reason="who knows", fault=fault)


@pytest.fixture(name="house")
def house_without_limits(tmp_path: Path) -> Iterator[Engine]:
    with open_engine(tmp_path, policy=UNLIMITED) as engine:
        yield engine


@pytest.mark.parametrize("answer", [DOWN, REFUSED])
def test_who_tries_in_vain_has_as_many_tries_left_as_before(
    house: Engine, answer: Outcome
) -> None:
    house.provider.script += [REFUSED, *[answer] * 6]
    message = house.message(useful_until=house.clock.now.replace(year=2099))
    house.work()  # the first call is refused, which opens the circuit
    house.clock.advance(hours=2)
    before = house.row(message)

    for _ in range(6):
        house.clock.advance(minutes=11)
        recovery.retry_failed(house.runtime)
        house.work()

    row = house.row(message)
    assert len(house.provider.handed) == 7
    assert row["status"] == "retrying"
    assert row["quick_tries"] <= before["quick_tries"]
    house.clock.advance(minutes=11)
    house.work()
    assert house.status(message) == "sent"


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.TIMEOUT])
def test_who_tries_and_is_not_there_waits_with_the_others(
    house: Engine, fault: Fault
) -> None:
    house.provider.script += [REFUSED, *[unclear(fault)] * 6]
    house.message(useful_until=FAR_OFF, recipient="+14155550177")
    house.work()  # the first call is refused, which opens the circuit
    waiting = [
        house.message(useful_until=FAR_OFF, recipient=f"+1415555018{number}")
        for number in range(3)
    ]

    for _ in range(6):
        house.clock.advance(minutes=11)
        house.provider.look_ups.append(NOT_THERE)
        house.work()

    assert len(house.provider.handed) == 7
    assert {house.row(task)["quick_tries"] for task in waiting} == {0}
    house.provider.look_ups.append(NOT_THERE)
    house.clock.advance(minutes=11)
    house.work()
    assert {house.status(task) for task in waiting} == {"sent"}


def test_a_try_of_before_still_counts_and_does_not_make_it_wait(house: Engine) -> None:
    house.provider.script += [unclear(Fault.DOWN)] * 6
    house.provider.look_ups += [NOT_THERE] * 7
    waiting = [
        house.message(useful_until=FAR_OFF, recipient=f"+1415555018{number}")
        for number in range(5)
    ]
    house.work()  # each has tried once, and the circuit is open
    house.clock.advance(minutes=2)
    house.work()  # one is asked about, and tries in vain
    house.clock.advance(minutes=2)
    house.work()  # it is well; the others are asked about
    house.clock.advance(minutes=1)

    house.work()

    assert len(house.provider.handed) == 6 + 5
    assert {house.status(task) for task in waiting} == {"sent"}
    assert {house.row(task)["quick_tries"] for task in waiting} == {2}


def test_who_cannot_be_asked_about_is_sent_once_more_and_then_held(
    house: Engine,
) -> None:
    house.provider.script += [REFUSED, *[unclear(Fault.DOWN)] * 6]
    house.message(useful_until=FAR_OFF)
    house.work()
    message = house.message(useful_until=FAR_OFF, recipient="+14155550180")

    for _ in range(6):
        house.clock.advance(minutes=11)
        house.work()

    assert house.status(message) == "dead"
    assert len(house.attempts(message)) == 2


def test_a_call_that_was_under_way_as_it_opened_costs_no_try(house: Engine) -> None:
    other = another_worker(house)
    other.provider.script.append(REFUSED)
    house.provider.look_ups.append(NOT_THERE)
    message = house.message(useful_until=FAR_OFF)
    house.message(useful_until=FAR_OFF, recipient="+14155550177")

    def another_is_refused_meanwhile() -> Outcome:
        other.run("")
        return unclear(Fault.DOWN)

    house.provider.script.append(another_is_refused_meanwhile)
    house.run(message)

    assert len(other.provider.handed) == 1
    assert house.row(message)["quick_tries"] == 0
    other.die()
