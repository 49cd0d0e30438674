"""Customers' messages over webhooks, and webhooks that are not to be believed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.services import customers
from app.services.customers import Who
from app.storage.tables import inbox, provider_events, suppressions
from tests.door import Door, assert_problem, open_door
from tests.engine import Engine, open_engine
from tests.house import all_rows, rows
from tests.webhook_house import SECRETS, Webhook, meta, send, twilio, vonage

SID = "SM" + "1" * 32


@pytest.fixture(name="engine")
def engine_with_secrets(tmp_path: Path) -> Iterator[Engine]:
    with open_engine(tmp_path, **SECRETS) as engine:
        yield engine


@pytest.fixture(name="door")
def door_of_the_engine(engine: Engine) -> Door:
    return open_door(engine.runtime)


@pytest.mark.parametrize(
    "webhook",
    [
        twilio(
            "twilio/inbound", {"MessageSid": SID, "From": "+14155550100", "Body": ""}
        ),
        meta({"messages": [{"id": "wamid.A", "from": "14155550100", "type": "image"}]}),
    ],
)
def test_a_message_without_words_is_kept(
    webhook: Webhook, engine: Engine, door: Door
) -> None:
    assert send(door, webhook).status == 200

    (entry,) = rows(engine.runtime, inbox)
    assert (entry["address"], entry["text"]) == ("+14155550100", "")


def test_stop_by_sms_is_obeyed_once(engine: Engine, door: Door) -> None:
    stop = {"MessageSid": SID, "From": "+14155550100", "Body": "STOP"}

    answers = [send(door, twilio("twilio/inbound", stop)) for _ in range(3)]

    assert {answer.status for answer in answers} == {200}
    assert answers[0].text.endswith("<Response/>")
    (known,) = rows(engine.runtime, suppressions)
    assert known["address"] == "+14155550100"
    assert len(rows(engine.runtime, inbox)) == 1


def test_vonage_and_meta_bring_replies_too(engine: Engine, door: Door) -> None:
    reply = {"messageId": "v-1", "msisdn": "14155550100", "text": "baja", "to": "1"}
    send(door, vonage("vonage/inbound", reply, as_json=True))
    told = {
        "contacts": [{"wa_id": "14155550111", "profile": {"name": "Bob"}}],
        "messages": [
            {
                "id": "wamid.B",
                "from": "14155550111",
                "timestamp": "1763776800",
                "type": "text",
                "text": {"body": "Is there parking?"},
            }
        ],
    }
    send(door, meta(told))

    found = {entry["provider"]: entry for entry in rows(engine.runtime, inbox)}
    assert found["vonage"]["meaning"] == "stop"
    assert found["meta"]["sender_name"] == "Bob"
    assert found["meta"]["state"] == "open"


@pytest.mark.parametrize(
    "path", ["twilio/status", "whatsapp", "vonage/inbound", "resend"]
)
def test_without_its_secret_a_webhook_is_not_there(path: str, tmp_path: Path) -> None:
    with open_engine(tmp_path) as engine:
        answer = send(open_door(engine.runtime), Webhook(path=path, body="{}"))

        assert_problem(answer, 404)
        assert rows(engine.runtime, provider_events) == []


def test_meta_is_shown_that_the_address_is_ours(door: Door) -> None:
    words = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="
    open_to = door.with_key(None)

    right = open_to.get(f"/webhooks/whatsapp?{words}words+of+our+own")
    wrong = open_to.get(f"/webhooks/whatsapp?{words}others")

    assert (right.status, right.text) == (200, "1158201444")
    assert wrong.status == 403


@pytest.mark.parametrize("body", ["[]", "null", '{"entry": 7}', '{"entry": [[]]}'])
def test_signed_nonsense_is_taken_and_forgotten(
    body: str, engine: Engine, door: Door
) -> None:
    secret = SECRETS["WHATSAPP_APP_SECRET"].encode()
    digest = hmac.new(secret, body.encode(), hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={digest}"}

    answer = send(door, Webhook(path="whatsapp", body=body, headers=headers))

    assert answer.status == 200
    assert rows(engine.runtime, provider_events) == []


@pytest.mark.parametrize(
    "webhook",
    [
        twilio(
            "twilio/inbound",
            {"MessageSid": SID, "From": "whatsapp:+5215512345678", "Body": "baja"},
        ),
        meta(
            {
                "messages": [
                    {"id": "w", "from": "5215512345678", "text": {"body": "baja"}}
                ]
            }
        ),
    ],
)
def test_stop_by_whatsapp_counts_for_the_number_that_was_booked_with(
    webhook: Webhook, engine: Engine, door: Door
) -> None:
    send(door, webhook)

    (known,) = rows(engine.runtime, suppressions)
    assert (known["channel"], known["address"]) == ("whatsapp", "+525512345678")
    with engine.runtime.database.write() as tx:
        who = Who(phone="+525512345678")
        customers.erase(tx, engine.runtime, who, now=engine.clock.now)
    assert not any("5512345678" in row for row in all_rows(engine.runtime))


def test_half_a_character_in_a_name_or_a_text_refuses_nothing(
    engine: Engine, door: Door
) -> None:
    told = {
        "contacts": [{"wa_id": "14155550111", "profile": {"name": "Bob \ud83d"}}],
        "messages": [
            {"id": f"wamid.{number}", "from": "14155550111", "text": {"body": text}}
            for number, text in enumerate(("Is there \ud83d", "parking?"))
        ],
    }

    assert send(door, meta(told)).status == 200

    assert [entry["sender_name"] for entry in rows(engine.runtime, inbox)] == [
        "Bob",
        "Bob",
    ]


def test_what_cannot_be_taken_keeps_nothing_else_of_its_batch_back(
    engine: Engine, door: Door
) -> None:
    told = {
        "statuses": [{"id": "\ud800", "status": "sent"}],
        "messages": [
            {"id": "wamid.A", "from": "14155550111", "text": {"body": "stop"}}
        ],
    }

    assert send(door, meta(told)).status == 500

    assert [row["address"] for row in rows(engine.runtime, suppressions)] == [
        "+14155550111"
    ]
