"""What is known only later to be sent is billed too, and once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.channels.base import LookupAnswer
from app.domain.outcomes import Lookup, Outcome, Result
from app.domain.receipts import Receipt, Stage
from app.services.receipts import take_receipt
from app.storage.tables import daily_costs
from tests.engine import Engine
from tests.house import perform, rows
from tests.spending import open_priced


@pytest.fixture(name="engine")
def engine_of_twilio(tmp_path: Path) -> Iterator[Engine]:
    with open_priced(tmp_path) as engine:
        yield engine


def unknown(engine: Engine) -> str:
    """Send a message of which nobody knows whether it was taken."""
    engine.provider.script.append(Outcome(result=Result.AMBIGUOUS))
    task_id = engine.message("Hi")
    engine.work()
    assert engine.status(task_id) == "unknown"
    return task_id


def receive(engine: Engine, task_id: str, stage: Stage) -> None:
    receipt = Receipt(
        provider="twilio",
        event_id=f"{task_id}/{stage}",
        key=task_id,
        provider_message_id="SM1",
        stage=stage,
    )
    perform(
        engine.runtime,
        lambda tx: take_receipt(
            tx, engine.runtime, receipt, body="", now=engine.clock.now
        ),
    )


def billed(engine: Engine) -> int:
    return sum(row["messages"] for row in rows(engine.runtime, daily_costs))


def test_what_a_look_up_finds_is_billed(engine: Engine) -> None:
    task_id = unknown(engine)
    assert billed(engine) == 0
    engine.provider.look_ups.append(
        LookupAnswer(lookup=Lookup.FOUND, provider_message_id="SM1")
    )

    engine.clock.advance(minutes=2)
    engine.work()

    assert engine.status(task_id) == "sent"
    assert engine.attempts(task_id)[-1]["cost_micros"] == 100_000
    assert billed(engine) == 1


@pytest.mark.parametrize("stage", list(Stage))
def test_what_a_receipt_clears_up_is_billed(engine: Engine, stage: Stage) -> None:
    task_id = unknown(engine)

    receive(engine, task_id, stage)

    assert engine.attempts(task_id)[-1]["cost_micros"] == 100_000
    assert billed(engine) == 1


def test_a_second_receipt_bills_nothing(engine: Engine) -> None:
    task_id = unknown(engine)

    for stage in (Stage.TAKEN, Stage.DELIVERED):
        receive(engine, task_id, stage)

    assert engine.status(task_id) == "delivered"
    assert billed(engine) == 1


def test_the_receipt_of_what_was_accepted_bills_nothing(engine: Engine) -> None:
    task_id = engine.message("Hi")
    engine.work()

    receive(engine, task_id, Stage.DELIVERED)

    assert engine.status(task_id) == "delivered"
    assert billed(engine) == 1
