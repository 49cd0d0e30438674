"""Costs and the budget: written as messages are accepted, obeyed at the last moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.costs import Cost
from app.domain.kinds import Kind
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from app.services.facts import SITE_DATA
from app.storage.tables import daily_costs, tasks
from tests.engine import Engine
from tests.house import rows
from tests.spending import MIDNIGHT, NOW, open_priced, spend


@pytest.fixture(name="engine")
def engine_of_twilio(tmp_path: Path) -> Iterator[Engine]:
    with open_priced(tmp_path) as engine:
        yield engine


def alerts(engine: Engine) -> list[str]:
    return [
        row["args"]["subject"] for row in rows(engine.runtime, tasks, queue="staff")
    ]


def test_each_accepted_message_is_written_down_with_its_price(engine: Engine) -> None:
    short = engine.message("Hi")
    long = engine.message("x" * 161, recipient="+41791234567")

    engine.work()

    (attempt,) = engine.attempts(short)
    assert (attempt["segments"], attempt["cost_micros"]) == (1, 100_000)
    (attempt,) = engine.attempts(long)
    assert (attempt["segments"], attempt["cost_micros"]) == (2, 2_000_000)
    (day,) = rows(engine.runtime, daily_costs)
    assert (day["day"], day["channel"], day["kind"]) == ("2027-01-18", "sms", "message")
    assert (day["messages"], day["segments"], day["micros"]) == (2, 3, 2_100_000)


def test_a_price_that_the_provider_tells_is_believed(engine: Engine) -> None:
    told = Outcome(result=Result.ACCEPTED, price=Cost(33_300, "EUR"))
    engine.provider.script.append(told)

    task_id = engine.message("Hi")
    engine.work()

    assert engine.attempts(task_id)[0]["cost_micros"] == 33_300


@pytest.mark.parametrize("result", [Result.TRANSIENT, Result.PERMANENT_CONTENT])
def test_what_was_not_accepted_costs_nothing(engine: Engine, result: Result) -> None:
    engine.provider.script.append(Outcome(result=result))

    engine.message("Hi")
    engine.work()

    assert rows(engine.runtime, daily_costs) == []


def test_an_e_mail_costs_nothing(engine: Engine) -> None:
    engine.message("Hi", channel=Channel.EMAIL, recipient="alice@example.org")
    engine.work()

    assert rows(engine.runtime, daily_costs) == []


def test_a_spent_budget_lets_what_is_useful_tomorrow_wait(engine: Engine) -> None:
    spend(engine, 10)

    task_id = engine.message("One too many")
    engine.work()

    row = engine.row(task_id)
    assert (row["status"], row["next_attempt_at"]) == ("pending", MIDNIGHT)
    assert (
        row["reason"]
        == "The day's budget of 1 EUR is spent: it waits for the next one."
    )
    assert row["attempts"] == 0


def test_what_has_waited_leaves_on_the_next_day(engine: Engine) -> None:
    spend(engine, 10)
    task_id = engine.message("One too many")
    engine.work()

    engine.clock.now = MIDNIGHT
    engine.work()

    assert engine.status(task_id) == "sent"


def test_a_spent_budget_suppresses_what_would_come_too_late(engine: Engine) -> None:
    spend(engine, 10)

    task_id = engine.message("One too many", useful_until=MIDNIGHT)
    engine.work()

    assert engine.status(task_id) == "suppressed"
    assert engine.row(task_id)["reason"] == "The day's budget of 1 EUR is spent."


def test_what_must_be_known_goes_on(engine: Engine) -> None:
    spend(engine, 10)
    data = {"service_name": "Yoga", "start": "2027-01-20T10:00:00+01:00"}

    task_id = engine.message(kind=Kind.BOOKING_CANCELLED, args={SITE_DATA: data})
    engine.work()

    assert engine.status(task_id) == "sent"


def test_what_costs_nothing_goes_on(engine: Engine) -> None:
    spend(engine, 10)

    task_id = engine.message("Hi", channel=Channel.EMAIL, recipient="a@example.org")
    engine.work()

    assert engine.status(task_id) == "sent"


def test_near_the_end_an_e_mail_does_where_there_is_one(engine: Engine) -> None:
    spend(engine, 8)
    plan = {"recipient_name": "Alice", "args": {SITE_DATA: {"text": "News"}}}

    by_mail = engine.message(
        channel=Channel.EMAIL, recipient="alice@example.org", **plan
    )
    twin = engine.message(**plan)
    alone = engine.message(recipient="+14155550111", recipient_name="Bob")
    engine.work()

    assert engine.status(by_mail) == "sent"
    assert engine.status(twin) == "suppressed"
    assert engine.row(twin)["reason"].endswith("and an e-mail says the same.")
    assert engine.status(alone) == "sent"


def test_an_e_mail_that_died_tells_nobody(engine: Engine) -> None:
    spend(engine, 8)
    plan = {"recipient_name": "Alice", "args": {SITE_DATA: {"text": "News"}}}
    engine.provider.script.append(Outcome(result=Result.PERMANENT_RECIPIENT))
    by_mail = engine.message(
        channel=Channel.EMAIL, recipient="alice@example.org", **plan
    )
    engine.work()

    twin = engine.message(**plan)
    engine.work()

    assert engine.status(by_mail) == "dead"
    assert engine.status(twin) == "sent"


def test_the_staff_is_told_once_at_each_stop(engine: Engine) -> None:
    told = []
    for count in (7, 1, 1, 1):
        spend(engine, count)
        told.append(len(alerts(engine)))
    engine.message(kind=Kind.PAYMENT_RECEIVED, args=payment())
    engine.work()

    assert told == [0, 1, 1, 2]
    assert alerts(engine) == [
        "The day's budget for messages: soft stop",
        "The day's budget for messages: hard stop",
    ]


def test_a_month_s_budget_counts_beside_the_day_s(engine: Engine) -> None:
    for day in (18, 19, 20):
        engine.clock.now = NOW.replace(day=day)
        spend(engine, 10)

    engine.clock.now = NOW.replace(day=21)
    task_id = engine.message("One too many")
    engine.work()

    assert engine.status(task_id) == "suppressed"
    assert engine.row(task_id)["reason"] == "The month's budget of 3 EUR is spent."


def payment() -> dict[str, object]:
    price = {"amount": 4500, "currency": "EUR"}
    return {SITE_DATA: {"service_name": "Yoga", "price": price}}
