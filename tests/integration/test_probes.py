"""The one message that tries a spared provider pays nothing for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.outcomes import Fault, Outcome, Result
from app.services import recovery
from tests.engine import UNLIMITED, Engine, open_engine

DOWN = Outcome(result=Result.TRANSIENT, reason="not reached", fault=Fault.DOWN)
REFUSED = Outcome(result=Result.CONFIG, reason="wrong token", fault=Fault.REFUSED)


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
