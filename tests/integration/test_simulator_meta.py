"""The fake WhatsApp Cloud API answers as Meta does; hooks take whatever comes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.http_client import Reply, call
from tests.simulator import Simulator

NUMBER_ID = "106540352242922"
BEARER = {"Authorization": "Bearer a-token"}
TEXT = {
    "messaging_product": "whatsapp",
    "recipient_type": "individual",
    "to": "+16505551234",
    "type": "text",
    "text": {"body": "Hi", "preview_url": False},
    "biz_opaque_callback_data": "ntf_1",
}
TEMPLATE = {
    "messaging_product": "whatsapp",
    "to": "16505551234",
    "type": "template",
    "template": {
        "name": "booking_confirmed",
        "language": {"code": "en_US"},
        "components": [
            {"type": "body", "parameters": [{"type": "text", "text": "25 March"}]},
            {
                "type": "button",
                "sub_type": "quick_reply",
                "index": "0",
                "parameters": [{"type": "payload", "payload": "CANCEL-123"}],
            },
        ],
    },
}


@pytest.fixture(scope="module")
def started() -> Iterator[Simulator]:
    token = ["--whatsapp-access-token", "a-token"]
    with Simulator(
        flags=[*token, "--whatsapp-phone-number-id", NUMBER_ID]
    ) as simulator:
        yield simulator


@pytest.fixture
def simulator(started: Simulator) -> Simulator:
    started.reset()
    return started


def send(
    simulator: Simulator,
    content: Any,
    *,
    number_id: str = NUMBER_ID,
    headers: dict[str, str] | None = None,
) -> Reply:
    return call(
        "POST",
        f"{simulator.http}/v23.0/{number_id}/messages",
        body=json.dumps(content),
        headers={"Content-Type": "application/json"} | (headers or BEARER),
    )


def test_accepted_text_is_answered_as_meta_does(simulator: Simulator) -> None:
    reply = send(simulator, TEXT)

    wamid = reply.json["messages"][0]["id"]
    assert reply.status == 200
    assert re.fullmatch(r"wamid\.HBgL[A-Za-z0-9+/]+=*", wamid)
    assert reply.json == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": "+16505551234", "wa_id": "16505551234"}],
        "messages": [{"id": wamid}],
    }
    (entry,) = simulator.ledger()
    assert (entry["provider"], entry["channel"]) == ("meta", "whatsapp")
    assert entry["recipient"] == "+16505551234"
    assert entry["text"] == "Hi"
    assert entry["provider_message_id"] == wamid
    assert entry["message_id"] == "ntf_1"
    assert entry["fields"] == TEXT


def test_accepted_template_says_so_and_shows_its_words(simulator: Simulator) -> None:
    reply = send(simulator, TEMPLATE)

    (entry,) = simulator.ledger()
    assert reply.json["messages"][0]["message_status"] == "accepted"
    assert entry["text"] == "booking_confirmed | 25 March | CANCEL-123"


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"messaging_product": None}, 100, "messaging_product is required"),
        ({"to": None}, 100, "parameter to is required"),
        ({"to": "Alice"}, 131009, "not valid"),
        ({"type": "smoke"}, 100, "type must be one of"),
        ({"text": {}}, 100, "text['body'] is required"),
        ({"text": {"body": 4097 * "x"}}, 100, "at most 4096"),
        ({"type": "template"}, 100, "template['name'] is required"),
        (
            {"type": "template", "template": {"name": "x"}},
            100,
            "template['language'] is required",
        ),
    ],
)
def test_wrong_send_is_refused_with_metas_code(
    simulator: Simulator, change: dict[str, Any], code: int, words: str
) -> None:
    reply = send(simulator, TEXT | change)

    error = reply.json["error"]
    assert reply.status == 400
    assert (error["code"], error["type"]) == (code, "OAuthException")
    assert error["message"].startswith(f"(#{code}) ")
    assert words in error["message"]
    assert error["fbtrace_id"]
    assert simulator.ledger() == []
    assert simulator.ledger(accepted=False)[0]["reason"] == f"HTTP 400, code {code}"


@pytest.mark.parametrize("content", [None, [], "text", 3])
def test_json_that_is_no_object_is_refused(simulator: Simulator, content: Any) -> None:
    assert send(simulator, content).status == 400


@pytest.mark.parametrize(
    ("headers", "code"),
    [({"Authorization": "Bearer wrong"}, 190), ({"X-Nothing": "1"}, 0)],
)
def test_wrong_token_is_refused(
    simulator: Simulator, headers: dict[str, str], code: int
) -> None:
    reply = send(simulator, TEXT, headers=headers)

    assert (reply.status, reply.json["error"]["code"]) == (401, code)


def test_unknown_phone_number_id_is_refused(simulator: Simulator) -> None:
    reply = send(simulator, TEXT, number_id="1")

    error = reply.json["error"]
    assert reply.status == 400
    assert (error["code"], error["error_subcode"]) == (100, 33)


def test_ordered_code_is_worded_as_meta_does(simulator: Simulator) -> None:
    simulator.add_fault("status", code=130429, times=1)

    reply = send(simulator, TEXT)

    error = reply.json["error"]
    assert reply.status == 429
    assert error["message"] == "(#130429) Rate limit hit"
    assert error["error_data"]["messaging_product"] == "whatsapp"
    assert "too many messages" in error["error_data"]["details"]
    assert error["is_transient"] is True
    assert send(simulator, TEXT).status == 200


@pytest.mark.parametrize(("status", "code"), [(401, 190), (429, 130429), (503, 2)])
def test_ordered_status_gets_the_usual_code(
    simulator: Simulator, status: int, code: int
) -> None:
    simulator.add_fault("status", status=status)

    reply = send(simulator, TEXT)

    assert (reply.status, reply.json["error"]["code"]) == (status, code)


def test_hook_keeps_what_is_needed_to_check_a_signature(simulator: Simulator) -> None:
    url = f"{simulator.http}/hooks/pos"

    reply = call("POST", url, body='{"paid":true}', headers={"Webhook-Id": "msg_1"})

    (entry,) = simulator.ledger(provider="hook")
    assert (reply.status, reply.json["hook"]) == (200, "pos")
    assert (entry["recipient"], entry["text"]) == ("pos", '{"paid":true}')
    assert entry["message_id"] == "msg_1"
    assert entry["fields"]["headers"]["webhook-id"] == "msg_1"


def test_hook_takes_posts_only(simulator: Simulator) -> None:
    assert call("GET", f"{simulator.http}/hooks/pos").status == 405


def test_unknown_path_is_not_found(simulator: Simulator) -> None:
    assert call("GET", f"{simulator.http}/somewhere").status == 404
