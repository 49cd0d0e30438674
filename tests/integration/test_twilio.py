"""Sending through Twilio: what goes over the wire, and what each answer means."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest

from app.channels.twilio_codes import TWILIO_CODES
from app.domain.outcomes import Fault, Outcome, Result
from app.domain.recipients import Channel
from tests.raw_server import Line, RawServer
from tests.simulator import Simulator
from tests.twilio_house import ACCOUNT, SID, answering, message, provider_at


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(fsync=False) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    running.reset()
    return running


def sent_to(script: Callable[[Line], None]) -> Outcome:
    with RawServer(script) as server:
        provider = provider_at(server.url)
        outcome = provider.send(message())
        provider.close()
    return outcome


@pytest.mark.parametrize(
    ("channel", "sender", "form"),
    [
        (
            Channel.SMS,
            "+14155550199",
            {"To": "+4915112345678", "From": "+14155550199"},
        ),
        (Channel.SMS, "SalonRosa", {"To": "+4915112345678", "From": "SalonRosa"}),
        (
            Channel.SMS,
            "MG" + "2" * 32,
            {"To": "+4915112345678", "MessagingServiceSid": "MG" + "2" * 32},
        ),
        (
            Channel.WHATSAPP,
            "+14155550199",
            {"To": "whatsapp:+4915112345678", "From": "whatsapp:+14155550199"},
        ),
        (
            Channel.WHATSAPP,
            "whatsapp:+14155550199",
            {"To": "whatsapp:+4915112345678", "From": "whatsapp:+14155550199"},
        ),
    ],
)
def test_the_form_is_what_twilio_wants(
    channel: Channel, sender: str, form: dict[str, str]
) -> None:
    requests = []

    def script(line: Line) -> None:
        requests.append(line.read_request())
        line.say(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n")

    with RawServer(script) as server:
        provider = provider_at(server.url, channel=channel, sender=sender)
        provider.send(message(channel, text="Grüße & mehr"))
        provider.close()

    head, _, body = requests[0].partition(b"\r\n\r\n")
    login = base64.b64encode(f"{ACCOUNT}:t0ken".encode())
    path = f"POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json HTTP/1.1\r\n"
    assert head.startswith(path.encode())
    assert b"\r\nAuthorization: Basic " + login in head
    assert b"\r\nContent-Type: application/x-www-form-urlencoded" in head
    assert dict(parse_qsl(body.decode())) == {**form, "Body": "Grüße & mehr"}


@pytest.mark.parametrize("code", sorted(TWILIO_CODES))
def test_an_error_is_judged_by_its_code(code: int) -> None:
    outcome = sent_to(answering(400, {"code": code, "message": "+4915112345678"}))

    assert outcome.result is TWILIO_CODES[code].result
    assert outcome.fault is TWILIO_CODES[code].fault
    assert outcome.reason == TWILIO_CODES[code].reason
    assert outcome.code == str(code)


@pytest.mark.parametrize(
    ("status", "result", "fault"),
    [
        (301, Result.CONFIG, Fault.REFUSED),
        (307, Result.CONFIG, Fault.REFUSED),
        (400, Result.PERMANENT_CONTENT, Fault.NONE),
        (401, Result.CONFIG, Fault.REFUSED),
        (403, Result.CONFIG, Fault.REFUSED),
        (404, Result.CONFIG, Fault.REFUSED),
        (405, Result.CONFIG, Fault.REFUSED),
        (407, Result.CONFIG, Fault.REFUSED),
        (408, Result.TRANSIENT, Fault.DOWN),
        (413, Result.PERMANENT_CONTENT, Fault.NONE),
        (422, Result.PERMANENT_CONTENT, Fault.NONE),
        (425, Result.TRANSIENT, Fault.DOWN),
        (429, Result.TRANSIENT, Fault.LIMITED),
        (500, Result.AMBIGUOUS, Fault.DOWN),
        (502, Result.AMBIGUOUS, Fault.DOWN),
        (503, Result.AMBIGUOUS, Fault.DOWN),
        (504, Result.AMBIGUOUS, Fault.DOWN),
    ],
)
@pytest.mark.parametrize("content", [b"<html>", {"code": 99999}, {"code": None}])
def test_an_error_without_a_known_code_is_judged_by_its_status(
    status: int, content: object, result: Result, fault: Fault
) -> None:
    outcome = sent_to(answering(status, content))

    assert (outcome.result, outcome.fault) == (result, fault)


@pytest.mark.parametrize("code", [20003, 20500, 20503, 21211])
def test_a_server_error_leaves_it_unknown_whatever_its_code(code: int) -> None:
    outcome = sent_to(answering(500, {"code": code}, "Retry-After: 9"))

    assert (outcome.result, outcome.fault) == (Result.AMBIGUOUS, Fault.DOWN)
    assert outcome.retry_after == timedelta(seconds=9)


def test_half_a_character_is_refused_for_good(simulator: Simulator) -> None:
    outcome = provider_at(simulator.http).send(message(text="Hi \ud83d"))

    assert outcome.result is Result.PERMANENT_CONTENT


def test_a_daily_limit_without_a_pause_waits_an_hour() -> None:
    assert sent_to(answering(429, {"code": 63038})).retry_after == timedelta(hours=1)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"sid": None},
        {"sid": ""},
        {"sid": 5},
        {"sid": "AC" + "1" * 32},
        {"sid": "SM1\r\nX: y"},
        {"sid": ["SM"]},
        [SID],
        b'{"sid":"SM',
        b"",
    ],
)
def test_a_yes_without_a_usable_name_leaves_it_unknown(content: object) -> None:
    outcome = sent_to(answering(201, content))

    assert (outcome.result, outcome.fault) == (Result.AMBIGUOUS, Fault.DOWN)


@pytest.mark.parametrize(
    ("code", "result", "fault"),
    [
        (30005, Result.PERMANENT_RECIPIENT, Fault.NONE),
        (30002, Result.CONFIG, Fault.REFUSED),
    ],
)
def test_a_yes_that_is_a_no_inside_is_judged_by_its_code(
    code: int, result: Result, fault: Fault
) -> None:
    content = {"sid": SID, "status": "failed", "error_code": code}

    outcome = sent_to(answering(201, content))

    assert (outcome.result, outcome.fault) == (result, fault)
    assert outcome.provider_message_id == SID
