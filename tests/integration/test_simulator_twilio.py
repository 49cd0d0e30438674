"""The fake Twilio answers as the real one does, byte for byte where that is known."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.http_client import Reply, basic, call, form
from tests.simulator import Simulator

ACCOUNT = "AC00000000000000000000000000000000"
TOKEN = "a-token"
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
ALICE = "+14155550100"
US = "+14155550199"


@pytest.fixture(scope="module")
def started() -> Iterator[Simulator]:
    flags = ["--twilio-account-sid", ACCOUNT, "--twilio-auth-token", TOKEN]
    with Simulator(flags=flags) as simulator:
        yield simulator


@pytest.fixture
def simulator(started: Simulator) -> Simulator:
    started.reset()
    return started


def send(simulator: Simulator, **fields: object) -> Reply:
    filled = {"To": ALICE, "From": US, "Body": "Hi"} | fields
    body, headers = form(**{k: v for k, v in filled.items() if v is not None})
    url = simulator.http + MESSAGES
    return call("POST", url, body=body, headers=headers | basic(ACCOUNT, TOKEN))


def look_up(simulator: Simulator, target: str) -> Reply:
    return call("GET", simulator.http + target, headers=basic(ACCOUNT, TOKEN))


def test_accepted_sms_is_answered_as_twilio_does(simulator: Simulator) -> None:
    reply = send(simulator)

    sid = reply.json["sid"]
    created = reply.json["date_created"]
    uri = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}"
    assert reply.status == 201
    assert re.fullmatch(r"SM[0-9a-f]{32}", sid)
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000", created)
    assert reply.json == {
        "sid": sid,
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "body": "Hi",
        "status": "queued",
        "to": ALICE,
        "from": US,
        "direction": "outbound-api",
        "num_segments": "1",
        "num_media": "0",
        "price": None,
        "price_unit": None,
        "error_code": None,
        "error_message": None,
        "messaging_service_sid": None,
        "date_created": created,
        "date_updated": created,
        "date_sent": None,
        "uri": f"{uri}.json",
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }


def test_accepted_sms_stands_in_the_ledger(simulator: Simulator) -> None:
    sid = send(simulator, Body="Grüße, 18:00").json["sid"]

    (entry,) = simulator.ledger()
    assert entry["provider"] == "twilio"
    assert entry["channel"] == "sms"
    assert entry["recipient"] == ALICE
    assert entry["sender"] == US
    assert entry["text"] == "Grüße, 18:00"
    assert entry["provider_message_id"] == sid
    assert entry["fields"] == {"To": ALICE, "From": US, "Body": "Grüße, 18:00"}


def test_whatsapp_goes_over_the_same_door(simulator: Simulator) -> None:
    reply = send(simulator, To=f"whatsapp:{ALICE}", From=f"whatsapp:{US}")

    (entry,) = simulator.ledger()
    assert (reply.status, reply.json["to"]) == (201, f"whatsapp:{ALICE}")
    assert (entry["channel"], entry["recipient"]) == ("whatsapp", ALICE)


def test_messaging_service_hides_the_sender_and_the_segments(
    simulator: Simulator,
) -> None:
    service = "MG" + 32 * "0"

    reply = send(simulator, From=None, MessagingServiceSid=service)

    assert reply.json["status"] == "accepted"
    assert reply.json["from"] is None
    assert reply.json["num_segments"] == "0"
    assert reply.json["messaging_service_sid"] == service


def test_media_make_an_mms(simulator: Simulator) -> None:
    media = ["https://example.com/1.png", "https://example.com/2.png"]

    reply = send(simulator, Body=None, MediaUrl=media)

    assert reply.json["sid"].startswith("MM")
    assert reply.json["num_media"] == "2"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"To": None}, 21604),
        ({"To": "Alice"}, 21211),
        ({"From": None}, 21603),
        ({"From": "?!"}, 21212),
        ({"Body": None}, 21602),
        ({"Body": ""}, 21602),
        ({"Body": 1601 * "x"}, 21617),
        ({"MediaUrl": 11 * ["https://example.com/1.png"]}, 21623),
        ({"ContentVariables": '{"1":"x"}'}, 21654),
        ({"ContentSid": "HX1", "ContentVariables": "no JSON"}, 21656),
        ({"ContentSid": "HX1", "ContentVariables": '{"1":""}'}, 21656),
        ({"From": None, "MessagingServiceSid": "MG1"}, 21705),
        ({"StatusCallback": "https://under_score.example.com/"}, 21609),
        ({"To": f"whatsapp:{ALICE}"}, 21910),
        ({"To": f"whatsapp:{ALICE}", "From": "whatsapp:Salon"}, 63007),
    ],
)
def test_wrong_send_is_refused_with_twilios_code(
    simulator: Simulator, fields: dict[str, object], code: int
) -> None:
    reply = send(simulator, **fields)

    assert reply.status == 400
    assert reply.json.keys() == {"code", "message", "more_info", "status"}
    assert reply.json["code"] == code
    assert reply.json["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert reply.json["status"] == 400
    assert simulator.ledger() == []
    (entry,) = simulator.ledger(accepted=False)
    assert entry["reason"] == f"HTTP 400, code {code}"


@pytest.mark.parametrize(
    ("field", "number", "status", "code"),
    [
        ("To", "+15005550001", 400, 21211),
        ("To", "+15005550002", 400, 21612),
        ("To", "+15005550003", 400, 21408),
        ("To", "+15005550004", 400, 21610),
        ("To", "+15005550009", 400, 21614),
        ("From", "+15005550001", 400, 21212),
        ("From", "+15005550007", 400, 21606),
        ("From", "+15005550008", 429, 21611),
    ],
)
def test_magic_number_is_refused_as_with_test_credentials(
    simulator: Simulator, field: str, number: str, status: int, code: int
) -> None:
    reply = send(simulator, **{field: number})

    assert (reply.status, reply.json["code"]) == (status, code)


def test_magic_sender_that_passes_is_accepted(simulator: Simulator) -> None:
    assert send(simulator, From="+15005550006").status == 201


def test_unsubscribed_recipient_is_worded_as_twilio_does(simulator: Simulator) -> None:
    reply = send(simulator, To="+15005550004")

    assert reply.body == (
        b'{"code":21610,"message":"Attempt to send to unsubscribed recipient",'
        b'"more_info":"https://www.twilio.com/docs/errors/21610","status":400}'
    )


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "Authentication Error - No credentials provided"),
        (basic(ACCOUNT, "wrong"), "Authenticate"),
        ({"Authorization": "Basic %%%"}, "Authenticate"),
        ({"Authorization": "Bearer x"}, "Authenticate"),
    ],
)
def test_wrong_credentials_are_refused(
    simulator: Simulator, headers: dict[str, str], message: str
) -> None:
    body, media_type = form(To=ALICE, From=US, Body="Hi")

    reply = call(
        "POST", simulator.http + MESSAGES, body=body, headers=media_type | headers
    )

    assert (reply.status, reply.json["code"]) == (401, 20003)
    assert reply.json["message"] == message
    assert simulator.ledger() == []


def test_other_account_is_not_found(simulator: Simulator) -> None:
    reply = look_up(simulator, MESSAGES.replace("AC00", "AC11"))

    assert (reply.status, reply.json["code"]) == (404, 20404)


def test_body_that_is_no_form_is_not_read(simulator: Simulator) -> None:
    headers = basic(ACCOUNT, TOKEN) | {"Content-Type": "application/json"}
    url = simulator.http + MESSAGES

    reply = call("POST", url, body='{"To": "+14155550100"}', headers=headers)

    assert reply.json["code"] == 21604


def test_any_credentials_will_do_where_none_are_configured() -> None:
    body, headers = form(To=ALICE, From=US, Body="Hi")

    with Simulator() as simulator:
        reply = call("POST", simulator.http + MESSAGES, body=body, headers=headers)

    assert reply.status == 201
