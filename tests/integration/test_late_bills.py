"""What is known only later to be sent is billed too, and once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.channels.base import LookupAnswer
from app.channels.webhooks import meta
from app.domain.outcomes import Lookup, Outcome, Result
from app.domain.receipts import Receipt, Stage
from app.services.receipts import match_receipts, take_receipt
from app.storage.tables import daily_costs
from tests.engine import Engine
from tests.house import perform, rows
from tests.spending import NOW, open_priced


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


def receive(
    engine: Engine, task_id: str, stage: Stage, *, is_free: bool = False
) -> None:
    receipt = Receipt(
        provider="twilio",
        event_id=f"{task_id}/{stage}",
        key=task_id,
        provider_message_id="SM1",
        stage=stage,
        is_free=is_free,
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


def test_what_the_provider_gives_for_free_is_taken_off(engine: Engine) -> None:
    task_id = engine.message("Hi")
    engine.message("Hi", recipient="+14155550111")
    engine.work()
    engine.clock.advance(days=1)  # the day of the message counts, not of the receipt

    for stage in (Stage.TAKEN, Stage.DELIVERED):
        receive(engine, task_id, stage, is_free=True)

    assert engine.attempts(task_id)[-1]["cost_micros"] == 0
    (day,) = rows(engine.runtime, daily_costs)
    assert (day["messages"], day["micros"]) == (2, 100_000)


def test_a_receipt_that_comes_before_its_answer_takes_off_all_the_same(
    engine: Engine,
) -> None:
    task_id = engine.message("Hi")

    def answer_late() -> Outcome:
        receive(engine, task_id, Stage.TAKEN, is_free=True)
        return Outcome(result=Result.ACCEPTED, provider_message_id="SM1")

    engine.provider.script.append(answer_late)
    engine.work()
    assert engine.attempts(task_id)[-1]["cost_micros"] == 100_000
    engine.clock.advance(minutes=1)
    match_receipts(engine.runtime)

    assert engine.attempts(task_id)[-1]["cost_micros"] == 0


def test_meta_says_which_messages_are_free() -> None:
    told = {"id": "wamid.1", "status": "sent", "timestamp": "1763776801"}

    def is_free(pricing: object) -> bool:
        value = {"statuses": [{**told, "pricing": pricing}]}
        delivery = {"entry": [{"changes": [{"field": "messages", "value": value}]}]}
        (receipt,) = meta.read(delivery, received_at=NOW)
        assert isinstance(receipt, Receipt)
        return receipt.is_free

    assert is_free({"billable": False, "pricing_model": "PMP"})
    assert not is_free({"billable": True})
    assert not is_free({"billable": 0})
    assert not is_free(None)
