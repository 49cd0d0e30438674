"""The fake providers tell as they are ordered to, and say what an order lacks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from urllib.parse import parse_qs

import pytest

from app.channels.webhooks import twilio as real
from app.simulator.telling.call import Call, Secrets, Taken
from app.simulator.telling.manners import Manners, told
from app.simulator.telling.twilio import receipts
from tests.http_client import call, form
from tests.raw_server import Line, RawServer
from tests.simulator import Simulator
from tests.waiting import wait_until

SECRETS = Secrets(base_url="http://127.0.0.1:1", twilio_auth_token="t0ken")
ACCOUNT = "AC" + "0" * 32
TAKEN = Taken(
    provider_message_id="SM1",
    key="n-1",
    recipient="+14155550100",
    sender="+14155550199",
    callback="https://book.example.com/api/v1/webhooks/twilio/status?key=n-1#rc=5",
)


@pytest.fixture(name="simulator")
def fresh_simulator() -> Iterator[Simulator]:
    with Simulator(fsync=False, flags=["--webhooks-url", SECRETS.base_url]) as it:
        yield it


def believed(one: Call) -> bool:
    return real.is_signed(
        url=one.url,
        form=parse_qs(one.body.decode(), keep_blank_values=True),
        body=one.body,
        signature=one.headers["X-Twilio-Signature"],
        auth_token="t0ken",
    )


def made(manners: Manners) -> list[Call]:
    calls = receipts(TAKEN, SECRETS, arrives=True)
    return [one for _, one in told(calls, manners, Random(1))]


def test_each_receipt_is_signed_and_its_fragment_stays_at_home() -> None:
    calls = made(Manners())

    assert [believed(one) for one in calls] == [True, True]
    assert "#" not in calls[0].url


def test_calls_are_repeated_dropped_and_forged_as_ordered() -> None:
    assert len(made(Manners(repeat=1))) == 4
    assert made(Manners(drop=1)) == []
    assert [believed(one) for one in made(Manners(forge=1))] == [
        False,
        True,
        False,
        True,
    ]


def test_a_message_that_was_taken_is_told_of(simulator: Simulator) -> None:
    heard: list[bytes] = []

    def script(line: Line) -> None:
        while True:
            heard.append(line.read_request())
            line.say(b"HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n")

    with RawServer(script) as server:
        simulator.control("POST", "receipts", content={"fail": 1})
        body, headers = form(
            To="+14155550100",
            From="+14155550199",
            Body="Hello",
            StatusCallback=f"{server.url}/status",
        )
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        call("POST", f"{simulator.http}{path}", body=body, headers=headers)
        wait_until(lambda: len(heard) >= 2, within_s=10, what="two receipts")

    assert any(b"MessageStatus=undelivered" in request for request in heard)


@pytest.mark.parametrize(
    ("path", "content", "word"),
    [
        ("receipts", {"drop": 2}, "drop"),
        ("receipts", {"late": 1}, "late"),
        ("receipts", [], "body"),
        ("inbound", {"provider": "twilio", "text": "Hi"}, "from"),
        ("inbound", {"provider": "smtp", "from": "+1", "text": "Hi"}, "provider"),
    ],
)
def test_an_order_that_cannot_be_read_is_refused_in_words(
    simulator: Simulator, path: str, content: object, word: str
) -> None:
    reply = call(
        "POST", f"{simulator.http}/_simulator/{path}", body=json.dumps(content)
    )

    assert reply.status == 400
    assert word in reply.json["error"]


def test_who_is_not_there_is_told_nothing(simulator: Simulator) -> None:
    written = {"provider": "twilio", "from": "+14155550100", "text": "Hi"}

    assert simulator.control("POST", "inbound", content=written) == {"answered": 0}
