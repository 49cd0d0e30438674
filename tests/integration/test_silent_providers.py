"""Providers that took messages and told of none: closed, and the staff hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.services.silence import expecting, look_out
from app.storage import jobs
from app.storage.tables import notifications, tasks
from tests.door import open_door
from tests.engine import Engine, open_engine
from tests.house import make_settings, rows
from tests.webhook_house import PUBLIC_URL, SECRETS, send, twilio_receipt


@pytest.fixture(name="engine")
def engine_with_secrets(tmp_path: Path) -> Iterator[Engine]:
    with open_engine(tmp_path, **SECRETS) as engine:
        yield engine


def sent(engine: Engine, count: int) -> list[str]:
    messages = [engine.message(f"Hello {number}") for number in range(count)]
    engine.work()
    with engine.runtime.database.write() as tx:
        tx.execute(sa.update(notifications).values(provider="twilio"))
    return messages


def alerts(engine: Engine) -> list[str]:
    found = rows(engine.runtime, tasks, kind="staff_alert")
    return [row["args"]["subject"] for row in found]


def test_the_staff_is_told_once_a_day_of_a_provider_that_tells_nothing(
    engine: Engine,
) -> None:
    sent(engine, 5)
    engine.clock.advance(minutes=11)

    look_out(engine.runtime)
    engine.clock.advance(minutes=10)
    look_out(engine.runtime)

    assert alerts(engine) == ["No receipts from twilio"]


def test_one_receipt_is_a_sign_of_life(engine: Engine) -> None:
    message, *_ = sent(engine, 5)
    door = open_door(engine.runtime)
    send(door, twilio_receipt("delivered", sid="SM" + "1" * 32, key=message))
    engine.clock.advance(minutes=11)

    look_out(engine.runtime)

    assert alerts(engine) == []


@pytest.mark.parametrize(("count", "minutes"), [(4, 11), (5, 9)])
def test_few_messages_or_recent_ones_prove_nothing(
    engine: Engine, count: int, minutes: int
) -> None:
    sent(engine, count)
    engine.clock.advance(minutes=minutes)

    look_out(engine.runtime)

    assert alerts(engine) == []


def test_after_three_days_a_message_says_that_no_receipt_came(engine: Engine) -> None:
    (message,) = sent(engine, 1)
    engine.clock.advance(hours=71)
    look_out(engine.runtime)
    assert engine.row(message)["reason"] == ""

    engine.clock.advance(hours=2)
    look_out(engine.runtime)

    row = engine.row(message)
    assert row["status"] == "sent"
    assert row["reason"] == "No receipt came within 72 hours; the provider took it."


def test_a_job_that_was_away_for_weeks_goes_on_where_it_was(engine: Engine) -> None:
    ran_at = engine.clock.now
    with engine.runtime.database.write() as tx:
        jobs.save(tx, "silence", {"succeeded_at": ran_at})
    (message,) = sent(engine, 1)
    engine.clock.advance(days=20)

    look_out(engine.runtime)

    assert engine.row(message)["reason"].startswith("No receipt came")


def test_receipts_are_expected_where_somebody_can_send_them(tmp_path: Path) -> None:
    here = make_settings(tmp_path, **SECRETS)
    nowhere = make_settings(tmp_path, **{**SECRETS, "BELLHOP_PUBLIC_URL": ""})
    without = make_settings(tmp_path, BELLHOP_PUBLIC_URL=PUBLIC_URL)

    assert list(expecting(here)) == ["twilio", "vonage", "meta", "resend"]
    assert list(expecting(nowhere)) == []
    assert list(expecting(without)) == []
