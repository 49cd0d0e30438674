"""A ladder of channels: the next one only where the one before has not arrived."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.consent import How, Said
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from app.services import consent
from app.services.climbing import climb_ladders
from app.storage.tables import tasks
from tests.climbing import (
    BAD,
    POLICY,
    cancel,
    climb,
    confirm,
    deliver_whatsapp,
    state,
    task_of,
    told,
)
from tests.door import open_door
from tests.engine import Engine, open_engine
from tests.house import ALICE, perform, rows
from tests.webhook_house import SECRETS, meta, meta_receipt, send, twilio_receipt


@pytest.fixture(name="engine")
def engine_with_receipts(tmp_path: Path) -> Iterator[Engine]:
    with open_engine(tmp_path, policy=POLICY, **SECRETS) as engine:
        yield engine


def test_only_the_first_channel_goes_at_once(engine: Engine) -> None:
    confirm(engine)
    climb(engine)

    assert told(engine) == {"whatsapp": "sent"}


def test_what_has_arrived_needs_no_other_channel(engine: Engine) -> None:
    confirm(engine)
    deliver_whatsapp(engine)
    engine.clock.advance(hours=1)
    climb(engine)

    assert told(engine) == {"whatsapp": "delivered"}
    assert state(engine) == "reached"


def test_what_has_not_arrived_in_time_goes_over_the_next(engine: Engine) -> None:
    confirm(engine)
    engine.clock.advance(minutes=9)
    climb(engine)
    assert told(engine) == {"whatsapp": "sent"}

    engine.clock.advance(minutes=1)
    climb(engine)

    assert told(engine) == {"whatsapp": "sent", "sms": "sent"}


@pytest.mark.parametrize("outcome", [BAD, None])
def test_what_never_arrives_goes_over_the_next_at_once(
    engine: Engine, outcome: Outcome | None
) -> None:
    if outcome is not None:
        engine.provider.script.append(outcome)
    confirm(engine)
    if outcome is None:
        whatsapp = task_of(engine, "whatsapp")
        name = engine.note(whatsapp)["provider_message_id"]
        failed = meta_receipt("failed", wamid=name, key=whatsapp, code=131026)
        send(open_door(engine.runtime), meta({"statuses": [failed]}))

    climb(engine)

    assert told(engine)["sms"] == "sent"


def test_where_nobody_tells_what_was_sent_has_arrived(engine: Engine) -> None:
    confirm(engine)
    for _ in range(4):
        engine.clock.advance(minutes=10)
        climb(engine)

    assert told(engine) == dict.fromkeys(("whatsapp", "sms", "email"), "sent")
    assert state(engine) == "reached"
    assert rows(engine.runtime, tasks, kind="staff_alert") == []


def test_at_the_end_somebody_is_asked_to_call(engine: Engine) -> None:
    engine.provider.script += [BAD] * 3
    confirm(engine)
    for _ in range(4):
        climb(engine)

    (alert,) = rows(engine.runtime, tasks, kind="staff_alert")
    assert alert["args"]["subject"] == "A customer must be called"
    assert ALICE.phone is not None
    assert ALICE.phone in alert["args"]["text"]
    assert state(engine) == "exhausted"


def test_a_late_receipt_stops_the_next_channel(engine: Engine) -> None:
    confirm(engine)
    engine.clock.advance(minutes=10)
    climb_ladders(engine.runtime)  # the SMS is planned, and waits
    deliver_whatsapp(engine)
    engine.work()

    assert told(engine) == {"whatsapp": "delivered", "sms": "superseded"}
    (sms,) = rows(engine.runtime, tasks, id=task_of(engine, "sms"))
    assert sms["reason"] == "It arrived by whatsapp after all."
    climb(engine)
    assert "email" not in told(engine)


def test_what_still_waits_gives_way_to_the_next_channel(engine: Engine) -> None:
    busy = Outcome(result=Result.TRANSIENT, reason="busy")
    engine.provider.script += [busy] * 4
    confirm(engine)
    engine.clock.advance(minutes=10)
    engine.provider.script.clear()
    climb(engine)
    engine.clock.advance(hours=1)
    engine.work()

    assert told(engine)["whatsapp"] == "superseded"
    assert told(engine)["sms"] == "sent"
    assert len(engine.texts) == 2


def test_after_a_cancellation_nothing_climbs(engine: Engine) -> None:
    confirm(engine)
    engine.clock.advance(minutes=10)
    cancel(engine)
    climb(engine)

    assert "sent" not in {
        status for channel, status in told(engine).items() if channel != "whatsapp"
    }


def test_no_channel_goes_after_the_appointment_has_begun(engine: Engine) -> None:
    confirm(engine, days=0.005)  # seven minutes ahead
    engine.clock.advance(minutes=10)
    climb(engine)

    assert told(engine) == {"whatsapp": "sent"}
    assert state(engine) == "over"


def test_who_has_opted_out_of_a_channel_is_told_over_the_next(engine: Engine) -> None:
    said = Said(channel=Channel.WHATSAPP, address=ALICE.phone or "", how=How.API)
    perform(
        engine.runtime,
        lambda tx: consent.opt_out(tx, engine.runtime, said, now=engine.clock.now),
    )
    confirm(engine)
    climb(engine)

    assert told(engine) == {"whatsapp": "suppressed", "sms": "sent"}


def test_two_schedulers_climb_once(engine: Engine) -> None:
    confirm(engine)
    engine.clock.advance(minutes=10)

    assert [climb_ladders(engine.runtime) for _ in range(3)] == [1, 0, 0]


def test_the_receipt_of_the_second_channel_ends_it(engine: Engine) -> None:
    confirm(engine)
    engine.clock.advance(minutes=10)
    climb(engine)
    sms = task_of(engine, "sms")
    send(
        open_door(engine.runtime),
        twilio_receipt("delivered", sid="SM" + "1" * 32, key=sms),
    )
    engine.clock.advance(hours=1)
    climb(engine)

    assert told(engine) == {"whatsapp": "sent", "sms": "delivered"}
    assert state(engine) == "reached"
