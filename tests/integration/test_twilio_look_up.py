"""Finding a message at Twilio whose fate is unknown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from app.channels.base import LookupAnswer, Message, Template
from app.channels.twilio import TRIAL_PREFIX
from app.domain.outcomes import Lookup
from app.domain.recipients import Channel
from tests.raw_server import Line, RawServer
from tests.simulator import Simulator
from tests.twilio_house import SID, answering, message, provider_at

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(fsync=False) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    running.reset()
    return running


def looked_up(script: Callable[[Line], None]) -> LookupAnswer:
    with RawServer(script) as server:
        provider = provider_at(server.url)
        answer = provider.look_up(message(), since=NOW)
        provider.close()
    return answer


def test_a_message_that_was_taken_is_found(simulator: Simulator) -> None:
    since = datetime.now(UTC)
    provider = provider_at(simulator.http)
    outcome = provider.send(message())

    answer = provider.look_up(message(), since=since)
    provider.close()

    assert answer == LookupAnswer(
        lookup=Lookup.FOUND, provider_message_id=outcome.provider_message_id
    )


def test_other_words_another_number_and_another_channel_are_not_found(
    simulator: Simulator,
) -> None:
    since = datetime.now(UTC)
    provider = provider_at(simulator.http)
    whatsapp = provider_at(simulator.http, channel=Channel.WHATSAPP)
    provider.send(message(text="Other words"))
    provider.send(
        Message(
            key="n-2", channel=Channel.SMS, recipient="+4915112345679", text="See you!"
        )
    )
    whatsapp.send(message(Channel.WHATSAPP))

    answer = provider.look_up(message(), since=since)
    provider.close()
    whatsapp.close()

    assert answer.lookup is Lookup.NOT_FOUND


def resource(**changes: object) -> dict[str, object]:
    """Make a message in Twilio's list, such as the one looked for."""
    usual = {
        "sid": SID,
        "to": "+4915112345678",
        "body": "See you!",
        "direction": "outbound-api",
        "date_created": format_datetime(NOW),
    }
    return {**usual, **changes}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"body": f"{TRIAL_PREFIX}See you!"},
        {"body": " See  you!\n"},
        {"date_created": format_datetime(NOW - timedelta(seconds=20))},
        {"date_created": format_datetime(NOW + timedelta(hours=5))},
        {"status": "failed"},
    ],
)
def test_the_message_is_recognised(changes: dict[str, object]) -> None:
    answer = looked_up(answering(200, {"messages": [resource(**changes)]}))

    assert answer == LookupAnswer(lookup=Lookup.FOUND, provider_message_id=SID)


@pytest.mark.parametrize(
    "changes",
    [
        {"body": "See you"},
        {"body": None},
        {"direction": "inbound"},
        {"direction": None},
        {"date_created": format_datetime(NOW - timedelta(minutes=5))},
        {"date_created": None},
        {"date_created": "yesterday"},
        {"sid": None},
    ],
)
def test_another_message_is_not_taken_for_it(changes: dict[str, object]) -> None:
    answer = looked_up(answering(200, {"messages": [resource(**changes), "x", None]}))

    assert answer.lookup is Lookup.NOT_FOUND


@pytest.mark.parametrize("body", ["Hola Alicia, te esperamos", "", None])
def test_a_template_is_found_whatever_its_words(body: str | None) -> None:
    others = [
        resource(body="A", direction="inbound"),
        resource(body="B", date_created=format_datetime(NOW - timedelta(minutes=5))),
    ]
    listed = {"messages": [*others, resource(body=body)]}
    with RawServer(answering(200, listed)) as server:
        provider = provider_at(server.url, channel=Channel.WHATSAPP)
        sent = replace(message(Channel.WHATSAPP), template=Template(name="HX1"))
        answer = provider.look_up(sent, since=NOW)
        provider.close()

    assert answer == LookupAnswer(lookup=Lookup.FOUND, provider_message_id=SID)


def test_a_message_that_still_waits_at_twilio_is_found_without_a_sending_date() -> None:
    asked = []

    def script(line: Line) -> None:
        for found in ([], [resource()]):
            asked.append(line.read_request().split(b" ")[1].decode())
            body = json.dumps({"messages": found}).encode()
            line.say(b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    answer = looked_up(script)

    assert answer.lookup is Lookup.FOUND
    assert [("DateSent%3E=2026-11-21" in path) for path in asked] == [True, False]
    assert all("To=%2B4915112345678" in path for path in asked)


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b"<html>"),
        (200, {"messages": None}),
        (200, [resource()]),
        (302, {"messages": []}),
        (401, {"code": 20003}),
        (429, {"code": 20429}),
        (500, {}),
    ],
)
def test_a_question_without_a_clear_answer_is_asked_again(
    status: int, content: object
) -> None:
    assert looked_up(answering(status, content)).lookup is Lookup.UNANSWERED


def test_a_cut_question_is_asked_again(simulator: Simulator) -> None:
    simulator.add_fault("cut_before_accept", match={"operation": "look_up"})
    provider = provider_at(simulator.http)

    answer = provider.look_up(message(), since=NOW)
    provider.close()

    assert answer.lookup is Lookup.UNANSWERED


def test_a_full_page_of_long_messages_can_be_read() -> None:
    others = [resource(body="\u20ac" * 1600) for _ in range(99)]

    answer = looked_up(answering(200, {"messages": [*others, resource()]}))

    assert answer.lookup is Lookup.FOUND
