"""A provider that asks for a long pause: whom it turned away comes back after it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.circuits import LONGEST_ASKED
from app.domain.outcomes import Fault, Outcome, Result
from tests.engine import UNLIMITED, Engine, open_engine

DAY = timedelta(days=1)
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Engine]:
    """A house in which nothing waits for a rate limit."""
    with open_engine(tmp_path, policy=UNLIMITED) as engine:
        yield engine


def turned_away(fault: Fault = Fault.LIMITED) -> Outcome:
    return Outcome(
        result=Result.TRANSIENT, reason="tomorrow", fault=fault, retry_after=DAY
    )


def message(house: Engine, number: int = 0) -> str:
    until = house.clock.now + 30 * DAY
    return house.message(recipient=f"+1415555{number:04}", useful_until=until)


def tries(house: Engine, task_id: str) -> int:
    return len(house.attempts(task_id))


def test_a_message_is_not_tried_again_before_the_day_that_was_asked_for(
    house: Engine,
) -> None:
    house.provider.script.append(turned_away())
    first = message(house)
    house.work()

    house.clock.now += DAY - MOMENT
    house.work()
    assert tries(house, first) == 1
    house.clock.now += MOMENT
    house.work()

    assert house.status(first) == "sent"


@pytest.mark.parametrize("fault", [Fault.LIMITED, Fault.DOWN])
def test_one_that_tries_for_the_others_is_not_tried_again_before_it_either(
    house: Engine, fault: Fault
) -> None:
    house.provider.script += [turned_away(), turned_away(fault)]
    message(house)
    house.work()
    house.clock.now += LONGEST_ASKED
    second = message(house, 1)
    house.work()
    assert tries(house, second) == 1

    house.clock.now += DAY - MOMENT
    house.work()
    assert tries(house, second) == 1
    house.clock.now += MOMENT
    house.work()

    assert house.status(second) == "sent"


def test_the_channel_is_tried_by_another_message_after_an_hour(house: Engine) -> None:
    house.provider.script.append(turned_away())
    first, *others = [message(house, number) for number in range(4)]
    house.work()

    house.clock.now += LONGEST_ASKED - MOMENT
    house.work()
    assert [tries(house, other) for other in others] == [0, 0, 0]
    house.clock.now += MOMENT
    house.work()

    assert {house.status(other) for other in others} == {"sent"}
    assert house.status(first) == "retrying"
