"""Sent messages are found at the fake Twilio again: one by its sid, many by filters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.http_client import Reply, call
from tests.senders import (
    MESSAGES,
    send_sms,
)
from tests.simulator import Simulator


@pytest.fixture(scope="module")
def started() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(started: Simulator) -> Simulator:
    started.reset()
    return started


def look_up(simulator: Simulator, target: str) -> Reply:
    return call("GET", simulator.http + target)


def test_message_is_found_by_its_sid_once_sent(simulator: Simulator) -> None:
    sid = send_sms(simulator).json["sid"]

    found = look_up(simulator, MESSAGES.replace(".json", f"/{sid}.json"))

    assert found.status == 200
    assert (found.json["sid"], found.json["status"]) == (sid, "sent")
    assert found.json["date_sent"] == found.json["date_created"]


def test_unknown_sid_is_not_found(simulator: Simulator) -> None:
    missing = MESSAGES.replace(".json", f"/SM{32 * '0'}.json")

    reply = look_up(simulator, missing)

    assert (reply.status, reply.json["code"]) == (404, 20404)
    assert reply.json["message"] == f"The requested resource {missing} was not found"


def test_list_finds_a_recipients_messages_newest_first(simulator: Simulator) -> None:
    send_sms(simulator, Body="first")
    send_sms(simulator, To="+14155550111", Body="to Bob")
    send_sms(simulator, To="+15005550004", Body="refused")
    send_sms(simulator, Body="second")

    found = look_up(simulator, f"{MESSAGES}?To=%2B14155550100")

    assert [m["body"] for m in found.json["messages"]] == ["second", "first"]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ("DateSent={today}", 1),
        ("DateSent=2020-01-01", 0),
        ("DateSent%3E=2020-01-01", 1),
        ("DateSent>={today}", 1),
        ("DateSent%3E=2999-01-01", 0),
        ("DateSent%3C={today}", 1),
        ("DateSent<=2020-01-01", 0),
        ("DateSent%3E=2020-01-01&DateSent%3C=2999-01-01T00:00:00Z", 1),
        ("DateSent%3E=2999-01-01T00:00:00Z", 0),
        ("From=%2B14155550199", 1),
        ("From=%2B14155550198", 0),
    ],
)
def test_list_is_filtered_as_twilio_spells_it(
    simulator: Simulator, filters: str, count: int
) -> None:
    send_sms(simulator)
    today = simulator.ledger()[0]["received_at"][:10]

    found = look_up(simulator, f"{MESSAGES}?{filters.format(today=today)}")

    assert len(found.json["messages"]) == count


def test_list_comes_in_pages_that_lead_to_each_other(simulator: Simulator) -> None:
    for number in range(5):
        send_sms(simulator, Body=str(number))

    first = look_up(simulator, f"{MESSAGES}?PageSize=2").json
    second = look_up(simulator, first["next_page_uri"]).json
    third = look_up(simulator, second["next_page_uri"]).json

    pages = [first, second, third]
    assert [[m["body"] for m in p["messages"]] for p in pages] == [
        ["4", "3"],
        ["2", "1"],
        ["0"],
    ]
    assert [(p["start"], p["end"], p["page"], p["page_size"]) for p in pages] == [
        (0, 1, 0, 2),
        (2, 3, 1, 2),
        (4, 4, 2, 2),
    ]
    assert first["previous_page_uri"] is None
    assert second["previous_page_uri"] == second["first_page_uri"]
    assert third["next_page_uri"] is None


@pytest.mark.parametrize("query", ["PageSize=x", "PageSize=0", "DateSent=yesterday"])
def test_list_request_that_makes_no_sense_is_refused(
    simulator: Simulator, query: str
) -> None:
    assert look_up(simulator, f"{MESSAGES}?{query}").status == 400
