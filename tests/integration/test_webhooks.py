"""Receipts over HTTP: they move messages forward in any order, if they are signed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.domain.recipients import Channel
from app.domain.tasks import Status
from app.services.receipts import match_receipts
from app.storage.tables import notifications, provider_events, suppressions
from tests.door import Door, assert_problem, open_door
from tests.engine import Engine, open_engine
from tests.house import rows
from tests.webhook_house import (
    SECRETS,
    Webhook,
    meta,
    meta_receipt,
    resend,
    send,
    twilio_receipt,
    vonage,
)

SID = "SM" + "1" * 32


@pytest.fixture(name="engine")
def engine_with_secrets(tmp_path: Path) -> Iterator[Engine]:
    with open_engine(tmp_path, **SECRETS) as engine:
        yield engine


@pytest.fixture(name="door")
def door_of_the_engine(engine: Engine) -> Door:
    return open_door(engine.runtime)


def sent(engine: Engine, *, provider: str, name: str, **plan: Any) -> str:
    """Send a message that the provider calls by this name."""
    message = engine.queued("Hello", **plan)
    engine.answer_doorbells()
    called = {"provider": provider, "provider_message_id": name}
    with engine.runtime.database.write() as tx:
        is_it = notifications.c.task_id == message
        tx.execute(sa.update(notifications).where(is_it).values(**called))
    return message


def receipts_of(
    provider: str, message: str, *, name: str, arrives: bool
) -> list[Webhook]:
    """Return a message's receipts, the first one first."""
    end = "delivered" if arrives else "failed"
    if provider == "twilio":
        code = "" if arrives else "30005"
        return [
            twilio_receipt("sent", sid=name, key=message),
            twilio_receipt(end, sid=name, key=message, code=code),
        ]
    if provider == "meta":
        code_of = None if arrives else 131026
        first = meta_receipt("sent", wamid=name, key=message)
        last = meta_receipt(end, wamid=name, key=message, code=code_of)
        return [meta({"statuses": [first]}), meta({"statuses": [last]})]
    if provider == "vonage":
        told = {"messageId": name, "client-ref": message, "err-code": "9"}
        return [
            vonage("vonage/status", {**told, "status": "buffered"}, as_json=True),
            vonage("vonage/status", {**told, "status": end}, as_json=False),
        ]
    tags = {"message_key": message}
    bounce = {"bounce": {"type": "Permanent", "subType": "NoEmail"}}
    kind, more = ("delivered", {}) if arrives else ("bounced", bounce)
    return [
        resend("sent", event_id=f"{name}-1", email_id=name, tags=tags),
        resend(kind, event_id=f"{name}-2", email_id=name, tags=tags, **more),
    ]


PROVIDERS = ["twilio", "meta", "vonage", "resend"]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("end", ["delivered", "undelivered"])
def test_receipts_in_any_order_and_repeated_tell_the_same(
    provider: str, end: str, engine: Engine, door: Door
) -> None:
    ends = []
    orders = sorted(set(itertools.permutations([0, 1, 0, 1])))
    for number, order in enumerate(orders):
        name = f"SM{number:032}"
        message = sent(engine, provider=provider, name=name)
        webhooks = receipts_of(provider, message, name=name, arrives=end == "delivered")
        answers = [send(door, webhooks[place]).status for place in order]
        assert set(answers) <= {200, 204}
        ends.append(engine.status(message))

    assert ends == [end] * 6


def test_a_delivered_message_says_when(engine: Engine, door: Door) -> None:
    message = sent(engine, provider="twilio", name=SID)
    engine.clock.advance(seconds=40)

    send(door, twilio_receipt("delivered", sid=SID))

    assert engine.status(message) == "delivered"
    assert engine.note(message)["delivered_at"] == engine.clock.now


def test_an_undelivered_message_says_why(engine: Engine, door: Door) -> None:
    message = sent(engine, provider="twilio", name=SID)

    send(door, twilio_receipt("undelivered", sid=SID, code="30005"))

    row = engine.row(message)
    assert row["status"] == "undelivered"
    assert row["reason"] == "the phone number does not exist any more"


def test_a_receipt_before_our_own_commit_is_not_lost(
    engine: Engine, door: Door
) -> None:
    message = engine.queued("Hello")
    engine.put_into(message, Status.SENDING, attempts=1)

    send(door, twilio_receipt("delivered", sid=SID, key=message))
    assert engine.status(message) == "sending"
    engine.put_into(message, Status.SENT)
    engine.clock.advance(seconds=2)

    assert match_receipts(engine.runtime) == 1
    assert engine.status(message) == "delivered"
    assert engine.note(message)["provider_message_id"] == SID


def test_a_receipt_before_the_message_is_known_by_that_name_is_not_lost(
    engine: Engine, door: Door
) -> None:
    send(door, twilio_receipt("delivered", sid=SID))

    message = sent(engine, provider="twilio", name=SID)
    engine.clock.advance(seconds=2)

    assert match_receipts(engine.runtime) == 1
    assert engine.status(message) == "delivered"


def test_what_is_none_of_ours_is_looked_for_ever_more_rarely_and_given_up(
    engine: Engine, door: Door
) -> None:
    send(door, twilio_receipt("delivered", sid=SID))

    for _ in range(20):
        engine.clock.advance(hours=4)
        match_receipts(engine.runtime)

    (event,) = rows(engine.runtime, provider_events)
    assert (event["state"], event["next_look_at"]) == ("ignored", None)
    assert event["looks"] < 20


@pytest.mark.parametrize(
    ("status", "end"), [("sent", "sent"), ("delivered", "delivered")]
)
def test_a_receipt_clears_an_unknown_outcome_up(
    status: str, end: str, engine: Engine, door: Door
) -> None:
    message = engine.queued("Hello")
    engine.put_into(message, Status.UNKNOWN, attempts=1)

    send(door, twilio_receipt(status, sid=SID, key=message))
    engine.clock.advance(hours=1)
    engine.work()

    assert engine.status(message) == end
    assert engine.texts == []


def test_what_has_arrived_is_not_tried_again(engine: Engine, door: Door) -> None:
    message = engine.queued("Hello")
    engine.put_into(message, Status.RETRYING, attempts=1)

    send(door, twilio_receipt("delivered", sid=SID, key=message))
    engine.clock.advance(hours=1)
    engine.work()

    assert engine.status(message) == "delivered"
    assert engine.texts == []


def test_the_failure_of_an_earlier_copy_says_nothing_of_the_last(
    engine: Engine, door: Door
) -> None:
    message = sent(engine, provider="twilio", name=SID)

    send(door, twilio_receipt("failed", sid="SM" + "2" * 32, key=message))

    assert engine.status(message) == "sent"


def test_an_opt_out_is_learned_from_a_receipt(engine: Engine, door: Door) -> None:
    message = sent(engine, provider="twilio", name=SID)

    send(door, twilio_receipt("failed", sid=SID, key=message, code="21610"))

    (known,) = rows(engine.runtime, suppressions)
    assert (known["channel"], known["scope"]) == ("sms", "all")


def test_a_hard_bounce_ends_mail_to_the_address(engine: Engine, door: Door) -> None:
    bounce = {"type": "Permanent", "subType": "NoEmail"}
    alice = {"channel": Channel.EMAIL, "recipient": "alice@example.org"}
    sent(engine, provider="resend", name="m-1", **alice)

    send(door, resend("bounced", event_id="e-1", email_id="m-1", bounce=bounce))

    (known,) = rows(engine.runtime, suppressions)
    assert known["address"] == "alice@example.org"
    assert "the mailbox does not exist" in known["reason"]


def test_meta_tells_of_several_messages_at_once(engine: Engine, door: Door) -> None:
    messages = [sent(engine, provider="meta", name=f"wamid.{n}") for n in range(3)]
    told = [meta_receipt("read", wamid=f"wamid.{n}") for n in range(3)]

    answer = send(door, meta({"statuses": [*told, {"status": "?"}, 7]}))

    assert answer.status == 200
    assert {engine.status(message) for message in messages} == {"delivered"}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_not_signed_is_refused_and_changes_nothing(
    provider: str, engine: Engine, door: Door
) -> None:
    message = sent(engine, provider=provider, name=SID)
    webhook = receipts_of(provider, message, name=SID, arrives=True)[-1]

    answer = send(door, replace(webhook, body=f"{webhook.body}&x=1"))

    assert_problem(answer, 400)
    assert engine.status(message) == "sent"
    assert rows(engine.runtime, provider_events) == []
