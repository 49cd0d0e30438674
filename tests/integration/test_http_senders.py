"""Vonage, Meta and Resend: what goes over the wire, and what their answers mean."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.channels.base import Invite, Template
from app.domain.costs import Cost
from app.domain.outcomes import Fault, Outcome, Result
from tests.provider_house import (
    LOGINS,
    Maker,
    Place,
    message_for,
    meta,
    place,
    resend,
    twilio_whatsapp,
    vonage,
)
from tests.raw_server import RawServer
from tests.simulator import Simulator
from tests.twilio_house import answering


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(fsync=False, flags=LOGINS) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    running.reset()
    return running


def sent(
    make: Maker, simulator: Simulator, tmp_path: Path, **changes: Any
) -> tuple[Outcome, dict[str, Any]]:
    provider = make(place(simulator, tmp_path))
    outcome = provider.send(replace(message_for(provider), **changes))
    provider.close()
    [entry] = simulator.ledger()
    return outcome, entry["fields"]


def answered(make: Maker, status: int, content: Any, *headers: str) -> Outcome:
    with RawServer(answering(status, content, *headers)) as server:
        provider = make(_at(server.url))
        outcome = provider.send(message_for(provider))
        provider.close()
    return outcome


def test_vonage_is_given_digits_the_words_and_our_name_for_them(
    simulator: Simulator, tmp_path: Path
) -> None:
    _, form = sent(vonage, simulator, tmp_path)

    assert (form["to"], form["from"]) == ("4915112345678", "Rosa")
    assert (form["type"], form["client-ref"]) == ("text", "n-1")


def test_vonage_is_told_where_words_need_unicode(
    simulator: Simulator, tmp_path: Path
) -> None:
    _, form = sent(vonage, simulator, tmp_path, text="До свидания")

    assert (form["type"], form["text"]) == ("unicode", "До свидания")


def test_a_long_sms_of_which_vonage_took_a_part_is_not_sent_again() -> None:
    parts = [{"status": "0", "message-id": "A1"}, {"status": "1"}]

    outcome = answered(vonage, 200, {"messages": parts})

    assert outcome.result is Result.PERMANENT_CONTENT
    assert outcome.code == "1"


@pytest.mark.parametrize(
    ("prices", "cost"),
    [
        (["0.0333"], Cost(33_300, "EUR")),
        (["0.03330000", "0.03330000"], Cost(66_600, "EUR")),
        (["0.0333", None], None),
        (["a lot"], None),
        (["NaN"], None),
        (["-1"], None),
    ],
)
def test_vonage_s_own_price_is_believed(
    prices: list[str | None], cost: Cost | None
) -> None:
    parts = [{"status": "0", "message-id": "A1", "message-price": p} for p in prices]

    assert answered(vonage, 200, {"messages": parts}).price == cost


@pytest.mark.parametrize(
    ("make", "status", "content", "result", "fault"),
    [
        (vonage, 200, {"messages": [{"status": "1"}]}, "transient", "limited"),
        (vonage, 200, {"messages": [{"status": "4"}]}, "config", "refused"),
        (vonage, 200, {"messages": [{"status": "7"}]}, "permanent_recipient", "none"),
        (vonage, 200, {"messages": [{"status": "77"}]}, "permanent_content", "none"),
        (vonage, 200, {"messages": [{"status": "0"}]}, "ambiguous", "down"),
        (vonage, 429, {"title": "Rate Limit Hit"}, "transient", "limited"),
        (vonage, 502, {}, "ambiguous", "down"),
        (meta, 400, {"error": {"code": 131026}}, "permanent_recipient", "none"),
        (meta, 429, {"error": {"code": 4}}, "transient", "limited"),
        (meta, 500, {"error": {"code": 131000}}, "transient", "down"),
        (meta, 500, {}, "ambiguous", "down"),
        (meta, 400, {"error": {"code": 999999}}, "permanent_content", "none"),
        (meta, 200, {"messages": [{}]}, "ambiguous", "down"),
        (
            meta,
            200,
            {"messages": [{"id": "wamid.1", "message_status": "paused"}]},
            "permanent_content",
            "none",
        ),
        (resend, 409, {"name": "concurrent_idempotent_requests"}, "transient", "none"),
        (
            resend,
            409,
            {"name": "invalid_idempotent_request"},
            "permanent_content",
            "none",
        ),
        (resend, 403, {"name": "validation_error"}, "config", "refused"),
        (resend, 422, {"name": "validation_error"}, "permanent_content", "none"),
        (resend, 429, {"name": "daily_quota_exceeded"}, "transient", "limited"),
        (resend, 500, {"name": "application_error"}, "ambiguous", "down"),
        (resend, 404, {}, "config", "refused"),
    ],
)
def test_each_answer_has_its_meaning(
    make: Maker, status: int, content: Any, result: str, fault: str
) -> None:
    outcome = answered(make, status, content)

    assert (outcome.result, outcome.fault) == (Result(result), Fault(fault))


def test_a_used_up_day_at_resend_is_asked_for_again_in_an_hour() -> None:
    outcome = answered(resend, 429, {"name": "daily_quota_exceeded"})

    assert outcome.retry_after == timedelta(hours=1)


def test_meta_is_given_the_words_and_our_name_for_them(
    simulator: Simulator, tmp_path: Path
) -> None:
    _, content = sent(meta, simulator, tmp_path)

    assert content["to"] == "4915112345678"
    assert content["biz_opaque_callback_data"] == "n-1"
    assert content["text"]["body"].startswith("Hello Alice")
    assert content["type"] == "text"


def test_meta_is_given_a_template_in_place_of_the_words(
    simulator: Simulator, tmp_path: Path
) -> None:
    template = Template(
        name="booking_confirmed", language="en_US", parameters=("25 March", "14:00")
    )

    outcome, content = sent(meta, simulator, tmp_path, template=template)

    assert outcome.result is Result.ACCEPTED
    assert content["template"] == {
        "name": "booking_confirmed",
        "language": {"code": "en_US"},
        "components": [
            {
                "type": "body",
                "parameters": [
                    {"type": "text", "text": "25 March"},
                    {"type": "text", "text": "14:00"},
                ],
            }
        ],
    }
    assert "text" not in content


def test_twilio_is_given_a_template_in_place_of_the_words(
    simulator: Simulator, tmp_path: Path
) -> None:
    template = Template(name="HX" + "1" * 32, parameters=("25 March", "14:00"))

    outcome, form = sent(twilio_whatsapp, simulator, tmp_path, template=template)

    assert outcome.result is Result.ACCEPTED
    assert form["ContentSid"] == "HX" + "1" * 32
    assert form["ContentVariables"] == '{"1": "25 March", "2": "14:00"}'
    assert "Body" not in form


def test_resend_is_given_headers_names_and_the_calendar_file(
    simulator: Simulator, tmp_path: Path
) -> None:
    invite = Invite(method="REQUEST", content="BEGIN:VCALENDAR")

    _, content = sent(resend, simulator, tmp_path, html="<p>Hi</p>", invite=invite)

    assert content["to"] == ["Alice <alice@example.org>"]
    assert content["html"] == "<p>Hi</p>"
    assert content["headers"]["Message-ID"].startswith("<n-1@")
    assert content["tags"] == [{"name": "message_key", "value": "n-1"}]
    [file] = content["attachments"]
    assert base64.b64decode(file["content"]) == b"BEGIN:VCALENDAR"
    assert file["content_type"] == 'text/calendar; charset="utf-8"; method=REQUEST'


def test_other_words_under_the_same_name_are_refused_by_resend(
    simulator: Simulator, tmp_path: Path
) -> None:
    provider = resend(place(simulator, tmp_path))
    message = message_for(provider)

    first = provider.send(message)
    second = provider.send(replace(message, text="Something else"))
    provider.close()

    assert first.result is Result.ACCEPTED
    assert second.result is Result.PERMANENT_CONTENT
    assert len(simulator.ledger()) == 1


@pytest.mark.parametrize("make", [vonage, meta, resend])
def test_half_a_character_is_refused_before_anybody_is_called(make: Maker) -> None:
    provider = make(_at("http://127.0.0.1:1"))

    outcome = provider.send(replace(message_for(provider), text="\ud83d"))

    assert outcome.result is Result.PERMANENT_CONTENT


def _at(url: str) -> Place:
    return Place(http=url, smtp=("127.0.0.1", 1), outbox=Path("unused"))
