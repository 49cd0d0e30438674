"""A ladder climbs only where it must: what is true, in its time, and not known yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.channels.base import LookupAnswer
from app.domain.ladders import WAITS_BELOW
from app.domain.outcomes import Lookup, Outcome, Result
from app.domain.receipts import Receipt, Stage
from app.services import notifications
from app.services.receipts import take_receipt
from app.services.recovery import retry_failed
from app.storage.tables import tasks
from tests.climbing import (
    BAD,
    POLICY,
    SENT,
    cancel,
    climb,
    confirm,
    deliver_whatsapp,
    state,
    task_of,
    told,
)
from tests.engine import Engine, open_engine
from tests.house import perform, rows
from tests.webhook_house import SECRETS

BUSY = Outcome(result=Result.TRANSIENT, reason="busy")
CUT = Outcome(result=Result.AMBIGUOUS, reason="cut off")


@pytest.fixture(name="engine")
def engine_with_receipts(tmp_path: Path) -> Iterator[Engine]:
    with open_engine(tmp_path, policy=POLICY, **SECRETS) as engine:
        yield engine


def to_the_last_channel(engine: Engine) -> None:
    """Let nothing arrive but WhatsApp, which nobody has told of yet."""
    engine.provider.script += [SENT, BAD, BAD]
    confirm(engine)
    engine.clock.advance(minutes=10)
    climb(engine)
    climb(engine)
    assert told(engine) == {"whatsapp": "sent", "sms": "dead", "email": "dead"}


def calls(engine: Engine) -> int:
    return len(rows(engine.runtime, tasks, kind="staff_alert"))


def test_nobody_is_called_whom_a_late_receipt_proves_to_know(engine: Engine) -> None:
    to_the_last_channel(engine)
    deliver_whatsapp(engine)
    climb(engine)

    assert (state(engine), calls(engine)) == ("reached", 0)


def test_nobody_is_called_about_what_was_cancelled(engine: Engine) -> None:
    to_the_last_channel(engine)
    cancel(engine)
    climb(engine)

    assert (state(engine), calls(engine)) == ("over", 0)


def test_a_ladder_waits_for_the_end_of_quiet_hours(tmp_path: Path) -> None:
    quiet = '[quiet_hours]\nhours = "08:00-10:00"\n'
    waits = POLICY + 'quiet_hours = "wait"\n' + quiet
    with open_engine(tmp_path, policy=waits, **SECRETS) as engine:
        confirm(engine)
        engine.clock.advance(minutes=30)
        climb(engine)
        assert told(engine) == {"whatsapp": "pending"}

        engine.clock.advance(minutes=30)
        climb(engine)
        engine.clock.advance(minutes=9)
        climb(engine)
        assert told(engine) == {"whatsapp": "sent"}

        engine.clock.advance(minutes=1)
        climb(engine)

        assert told(engine) == {"whatsapp": "sent", "sms": "sent"}


def test_an_email_that_comes_back_goes_over_the_next_rung(engine: Engine) -> None:
    engine.provider.script += [BAD, BAD]
    confirm(engine)
    climb(engine)
    climb(engine)
    climb(engine)
    assert (told(engine)["email"], state(engine)) == ("sent", "reached")

    email = task_of(engine, "email")
    receipt = Receipt(
        provider="smtp",
        event_id="bounce/1",
        key=email,
        provider_message_id=engine.note(email)["provider_message_id"],
        stage=Stage.FAILED,
    )
    now = engine.clock.now
    perform(
        engine.runtime,
        lambda tx: take_receipt(tx, engine.runtime, receipt, body="", now=now),
    )
    climb(engine)

    assert (told(engine)["email"], calls(engine)) == ("undelivered", 1)


def test_what_failed_below_is_not_tried_again_beside_the_next_rung(
    engine: Engine,
) -> None:
    engine.provider.script += [BUSY] * 4
    confirm(engine)
    for _ in range(10):
        engine.clock.advance(minutes=1)
        engine.work()
    assert told(engine) == {"whatsapp": "failed"}
    climb(engine)
    assert told(engine)["sms"] == "sent"

    engine.clock.advance(minutes=5)
    retry_failed(engine.runtime)
    engine.work()

    assert told(engine) == {"whatsapp": "superseded", "sms": "sent"}
    (whatsapp,) = rows(engine.runtime, tasks, id=task_of(engine, "whatsapp"))
    assert whatsapp["reason"] == WAITS_BELOW


def test_what_nobody_knows_is_not_sent_again_beside_the_next_rung(
    engine: Engine,
) -> None:
    engine.provider.script.append(CUT)
    engine.provider.look_ups += [LookupAnswer(lookup=Lookup.UNANSWERED)] * 9
    confirm(engine)
    engine.clock.advance(minutes=10)
    climb(engine)
    assert told(engine) == {"whatsapp": "unknown", "sms": "sent"}

    engine.provider.look_ups.clear()
    engine.provider.look_ups.append(LookupAnswer(lookup=Lookup.NOT_FOUND))
    for _ in range(5):
        engine.clock.advance(minutes=5)
        engine.work()

    assert told(engine) == {"whatsapp": "superseded", "sms": "sent"}


def test_what_a_person_tries_again_leaves_where_no_rung_is_left(
    engine: Engine,
) -> None:
    engine.provider.script += [BAD] * 3
    confirm(engine)
    for _ in range(4):
        climb(engine)
    assert state(engine) == "exhausted"

    perform(
        engine.runtime,
        lambda tx: notifications.retry(
            tx, task_of(engine, "whatsapp"), now=engine.clock.now
        ),
    )
    engine.work()

    assert told(engine)["whatsapp"] == "sent"
