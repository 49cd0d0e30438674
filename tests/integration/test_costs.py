"""`/costs` and `costs`: what was spent, how the budget stands, where the month ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.door import Door, assert_problem, open_door
from tests.engine import Engine
from tests.shell import Shell
from tests.spending import NOW, open_priced, spend


@pytest.fixture(name="engine")
def engine_of_twilio(tmp_path: Path) -> Iterator[Engine]:
    with open_priced(tmp_path) as engine:
        yield engine


@pytest.fixture(name="door")
def door_of_the_engine(engine: Engine) -> Door:
    return open_door(engine.runtime)


def euros(micros: int) -> dict[str, Any]:
    return {"amount": round(micros / 10_000), "currency": "EUR", "micros": micros}


def test_costs_are_told_day_by_day(engine: Engine, door: Door) -> None:
    spend(engine, 2)
    engine.clock.advance(days=1)
    spend(engine, 3)

    told = door.get("/costs").json

    assert (told["from"], told["to"]) == ("2027-01-01", "2027-01-19")
    assert told["data"] == [
        {"key": day, "messages": n, "segments": n, "cost": euros(n * 100_000)}
        for day, n in (("2027-01-18", 2), ("2027-01-19", 3))
    ]
    (total,) = told["totals"]
    assert (total["messages"], total["cost"]) == (5, euros(500_000))


@pytest.mark.parametrize(
    ("by", "key"), [("channel", "sms"), ("kind", "message"), ("provider", "twilio")]
)
def test_costs_are_added_up_by_what_is_asked(
    engine: Engine, door: Door, by: str, key: str
) -> None:
    spend(engine, 2)

    (row,) = door.get("/costs", by=by).json["data"]

    assert (row["key"], row["messages"]) == (key, 2)


def test_days_outside_are_not_counted(engine: Engine, door: Door) -> None:
    spend(engine, 1)

    for days in (
        {"from_": "2027-01-19", "to": "2027-01-20"},
        {"from_": "2026-12-01", "to": "2027-01-17"},
    ):
        assert door.get("/costs", **days).json["data"] == []


def test_how_the_budget_stands_is_told(engine: Engine, door: Door) -> None:
    spend(engine, 8)

    day, month = door.get("/costs").json["budget"]

    assert day == {
        "period": "day",
        "limit": euros(1_000_000),
        "spent": euros(800_000),
        "stop": "soft",
    }
    assert (month["period"], month["stop"]) == ("month", "none")


def test_the_month_s_end_is_told_from_a_usual_day(engine: Engine, door: Door) -> None:
    # 28 days before, a tenth of a euro each
    for back in range(28, 0, -1):
        engine.clock.now = NOW - timedelta(days=back)
        spend(engine, 1)
    engine.clock.now = NOW

    (month,) = door.get("/costs").json["forecast"]

    # 17 days of January so far, 13 to come after today
    assert month["spent"] == euros(1_700_000)
    assert month["per_day"] == euros(100_000)
    assert month["total"] == euros(3_000_000)


def test_a_new_box_is_not_taken_for_a_thrifty_one(engine: Engine, door: Door) -> None:
    for back in (4, 3, 2, 1):
        engine.clock.now = NOW - timedelta(days=back)
        spend(engine, 1)
    engine.clock.now = NOW

    (month,) = door.get("/costs").json["forecast"]

    assert month["per_day"] == euros(100_000)


def test_what_is_planned_counts_where_it_is_more(engine: Engine, door: Door) -> None:
    spend(engine, 1)
    for number in range(5):
        engine.message(f"{number}", due_at=NOW + timedelta(days=number))
    engine.message("next month", due_at=NOW + timedelta(days=14))

    (month,) = door.get("/costs").json["forecast"]

    assert month["planned"] == euros(500_000)
    assert month["total"] == euros(600_000)


@pytest.mark.parametrize(
    "query",
    [
        {"to": "yesterday"},
        {"from_": "2027-01-18", "to": "2027-01-17"},
        {"from_": "2020-01-01", "to": "2027-01-01"},
    ],
)
def test_days_that_cannot_be_are_refused(door: Door, query: dict[str, str]) -> None:
    assert_problem(door.get("/costs", **query), 422, "to")


def test_an_unknown_sum_is_refused(door: Door) -> None:
    assert_problem(door.get("/costs", by="customer"), 422, "by")


def test_the_command_tells_the_same(engine: Engine, shell: Shell) -> None:
    shell.set(BELLHOP_TIMEZONE="Europe/Madrid")
    spend(engine, 8)

    told = shell("costs", "--by", "channel")
    as_json = shell("costs", "--by", "channel", "--json").json

    assert told.code == 0
    assert "sms" in told.out
    assert "0.8 EUR of 1 EUR spent (stop: soft)" in told.out
    assert as_json["data"][0]["cost"] == euros(800_000)


def test_the_command_says_where_nothing_was_spent(engine: Engine, shell: Shell) -> None:
    told = shell("costs", "--from", "2026-01-01", "--to", "2026-01-31")

    assert "Nothing has cost anything." in told.out
    assert shell("costs", "--to", "soon").code == 2


def test_each_attempt_of_a_message_tells_what_it_cost(
    engine: Engine, door: Door
) -> None:
    task_id = engine.message("Hi")
    engine.work()

    (attempt,) = door.get(f"/notifications/{task_id}").json["attempts"]

    assert (attempt["segments"], attempt["cost"]) == (1, euros(100_000))
