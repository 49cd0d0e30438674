"""What providers bring is exported and erased too: it holds numbers and words."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.services import customers
from app.services.customers import Who
from app.storage.tables import provider_events, suppressions
from tests.door import open_door
from tests.engine import ALICES_PHONE, Engine, open_engine
from tests.house import all_rows, perform, rows
from tests.webhook_house import SECRETS, Webhook, meta, resend, send, twilio, vonage

WHO = Who(phone=ALICES_PHONE)
BARE = ALICES_PHONE.removeprefix("+")


@pytest.fixture(name="engine")
def engine_with_secrets(tmp_path: Path) -> Iterator[Engine]:
    with open_engine(tmp_path, **SECRETS) as engine:
        yield engine


def words_by_every_provider() -> list[Webhook]:
    """Return webhooks with a message of Alice's, signed now."""
    by_twilio = {
        "MessageSid": "SM" + "1" * 32,
        "From": ALICES_PHONE,
        "Body": "rabbit hole",
    }
    by_vonage = {"messageId": "v-1", "msisdn": BARE, "text": "rabbit hole"}
    by_meta = {
        "contacts": [{"wa_id": BARE, "profile": {"name": "Alicia"}}],
        "messages": [{"id": "wamid.A", "from": BARE, "text": {"body": "rabbit hole"}}],
    }
    return [
        twilio("twilio/inbound", by_twilio),
        vonage("vonage/inbound", by_vonage, as_json=False),
        meta(by_meta),
    ]


def bring(engine: Engine, *webhooks: Webhook) -> None:
    door = open_door(engine.runtime)
    for webhook in webhooks:
        assert send(door, webhook).status in (200, 204)


def erase(engine: Engine) -> None:
    perform(
        engine.runtime,
        lambda tx: customers.erase(tx, engine.runtime, WHO, now=engine.clock.now),
    )


def test_what_was_brought_is_exported_as_it_came(engine: Engine) -> None:
    bring(engine, *words_by_every_provider())

    with engine.runtime.database.read() as tx:
        found = customers.export(tx, engine.runtime, WHO)

    assert len(found["events"]) == 3
    assert json.dumps(found["events"], default=str).count("rabbit") == 3


def test_nothing_of_what_was_brought_is_left_of_an_erased_customer(
    engine: Engine,
) -> None:
    bring(engine, *words_by_every_provider())

    erase(engine)

    left = [row for row in all_rows(engine.runtime) if "rabbit" in row or BARE in row]
    assert left == []
    assert len(rows(engine.runtime, provider_events)) == 3


def test_a_receipt_that_found_no_message_is_forgotten_and_not_looked_for(
    engine: Engine,
) -> None:
    told = {"MessageSid": "SM9", "MessageStatus": "delivered", "To": ALICES_PHONE}
    bring(engine, twilio("twilio/status", told))

    erase(engine)

    (event,) = rows(engine.runtime, provider_events)
    assert (event["body"], event["next_look_at"]) == ("", None)


def exported(engine: Engine, who: Who = WHO) -> str:
    with engine.runtime.database.read() as tx:
        return json.dumps(customers.export(tx, engine.runtime, who), default=str)


def test_of_a_batch_a_customer_is_shown_their_own_part_alone(engine: Engine) -> None:
    bobs = "34600000001"
    batch = {
        "metadata": {"display_phone_number": "14155550199"},
        "contacts": [
            {"wa_id": BARE, "profile": {"name": "Alicia"}},
            {"wa_id": bobs, "profile": {"name": "Roberto"}},
        ],
        "messages": [
            {"id": "wamid.A", "from": BARE, "text": {"body": "rabbit hole"}},
            {"id": "wamid.B", "from": bobs, "text": {"body": "hatter"}},
        ],
        "statuses": [{"id": "wamid.C", "status": "sent", "recipient_id": bobs}],
    }
    bring(engine, meta(batch))

    alices = exported(engine)
    erase(engine)

    assert "rabbit" in alices
    assert not any(word in alices for word in (bobs, "Roberto", "hatter"))
    kept = [event["body"] for event in rows(engine.runtime, provider_events)]
    assert sum("hatter" in body for body in kept) == 1
    assert sum(bobs in body for body in kept) == 2


def test_nobody_is_taken_for_whose_address_is_a_part_of_their_own(
    engine: Engine,
) -> None:
    ana, mariana = (Who(email=f"{name}@example.org") for name in ("ana", "mariana"))
    told = {"email_id": "r-1", "to": [mariana.email]}
    bring(engine, resend("delivered", event_id="e-1", **told))

    assert "mariana" not in exported(engine, ana)
    assert "mariana" in exported(engine, mariana)
    perform(
        engine.runtime,
        lambda tx: customers.erase(tx, engine.runtime, ana, now=engine.clock.now),
    )
    (event,) = rows(engine.runtime, provider_events)
    assert "mariana" in event["body"]


def test_what_vonage_tells_in_the_address_is_kept_as_it_came(engine: Engine) -> None:
    told = {"messageId": "v-1", "msisdn": BARE, "text": "rabbit hole"}
    signed = vonage("vonage/inbound", told, as_json=False)
    path = f"/webhooks/{signed.path}?{signed.body}"

    assert open_door(engine.runtime).with_key(None).ask("GET", path).status == 200

    assert "rabbit" in exported(engine)
    (event,) = rows(engine.runtime, provider_events)
    assert BARE in event["body"]


def test_a_receipt_that_comes_after_erasing_is_not_kept(engine: Engine) -> None:
    task_id = engine.message()
    engine.work()
    erase(engine)
    told = {
        "MessageSid": "SM9",
        "MessageStatus": "undelivered",
        "ErrorCode": "21610",
        "To": ALICES_PHONE,
    }

    bring(engine, *[twilio(f"twilio/status?key={task_id}", told)] * 2)

    assert [row for row in all_rows(engine.runtime) if BARE in row] == []
    assert rows(engine.runtime, suppressions) == []
    assert engine.note(task_id)["provider_message_id"] is None
    assert {e["state"] for e in rows(engine.runtime, provider_events)} == {"ignored"}


def test_metas_names_of_messages_are_forgotten_as_they_hold_the_number(
    engine: Engine,
) -> None:
    wamid = "wamid." + base64.b64encode(f"\x1c\x18\x0b{BARE}".encode()).decode()
    message = {"id": wamid, "from": BARE, "text": {"body": "rabbit hole"}}
    status = {"id": wamid, "status": "sent", "recipient_id": BARE}
    bring(engine, meta({"messages": [message], "statuses": [status]}))

    erase(engine)

    assert [row for row in all_rows(engine.runtime) if wamid in row] == []
    assert len(rows(engine.runtime, provider_events)) == 2
