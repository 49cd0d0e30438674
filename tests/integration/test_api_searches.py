"""Bookings and notifications are found by each filter, and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from app.domain.bookings import BookingStatus
from app.domain.recipients import Channel
from app.domain.tasks import Status
from app.storage.tables import bookings, tasks
from tests.door import Door
from tests.house import (
    ALICE,
    BOB,
    change_row,
    in_days,
    make_booking,
    make_service,
    rows,
)


def ids(door: Door, path: str, **query: object) -> list[str]:
    answer = door.get(path, **query)
    assert answer.status == 200, answer.text
    return [row["id"] for row in answer.json["data"]]


def test_bookings_are_found_by_their_status(door: Door) -> None:
    service = make_service(door.runtime, capacity=100)
    by_status = {}
    for status in BookingStatus:
        booking = make_booking(door.runtime, service)
        change_row(door.runtime, bookings, booking.id, status=status)
        by_status[status] = booking.id

    found = {status: ids(door, "/bookings", status=status) for status in by_status}

    assert found == {status: [one] for status, one in by_status.items()}


def test_bookings_are_found_by_when_they_start(door: Door) -> None:
    service = make_service(door.runtime)
    days = [make_booking(door.runtime, service, start=in_days(n)).id for n in (2, 4, 6)]

    from_the_second = ids(door, "/bookings", from_=in_days(4).isoformat())
    before_the_second = ids(door, "/bookings", to=in_days(4).isoformat())
    between = ids(
        door,
        "/bookings",
        from_=in_days(3).isoformat(),
        to=(in_days(4) + timedelta(seconds=1)).isoformat(),
    )

    assert from_the_second == [days[2], days[1]]
    assert before_the_second == [days[0]]
    assert between == [days[1]]


FOR_WHOM: list[tuple[dict[str, str], list[str]]] = [
    ({"customer": "alice@example.org"}, ["alice"]),
    ({"customer": "alice@EXAMPLE.org"}, ["alice"]),
    ({"customer": "+14155550111"}, ["bob"]),
    ({"customer": "+1 (415) 555-0111"}, ["bob"]),
    ({"customer": " 14155550111"}, ["bob"]),
    ({"customer": "nobody"}, []),
    ({"customer": "' OR 1=1 --"}, []),
    ({"q": "ali"}, ["alice"]),
    ({"q": "BOB"}, ["bob"]),
    ({"q": "%"}, []),
    ({"q": "_"}, []),
    ({"q": "example"}, []),
]


def test_bookings_are_found_by_whom_they_are_for(door: Door) -> None:
    service = make_service(door.runtime)
    names = {
        make_booking(door.runtime, service, customer=ALICE).id: "alice",
        make_booking(door.runtime, service, customer=BOB).id: "bob",
    }

    found = [
        (query, [names[one] for one in ids(door, "/bookings", **query)])
        for query, _ in FOR_WHOM
    ]

    assert found == FOR_WHOM


def test_a_booking_is_found_by_its_reference_in_any_case(door: Door) -> None:
    service = make_service(door.runtime)
    alice = make_booking(door.runtime, service)
    make_booking(door.runtime, service, customer=BOB)

    assert ids(door, "/bookings", q=alice.reference.lower()) == [alice.id]
    assert ids(door, "/bookings", q=alice.reference[:-1]) == []


def test_an_unescaped_plus_in_a_url_still_finds_the_phone(door: Door) -> None:
    bob = make_booking(door.runtime, customer=BOB)

    answer = door.get("/bookings?customer=+14155550111")

    assert [row["id"] for row in answer.json["data"]] == [bob.id]


HOW_MANY: list[tuple[dict[str, str], int]] = [
    ({}, 5),
    ({"channel": "sms"}, 2),
    ({"channel": "email"}, 3),
    ({"kind": "booking_confirmed"}, 4),
    ({"kind": "message"}, 1),
    ({"status": "pending"}, 4),
    ({"status": "dead"}, 1),
    ({"status": "dead", "channel": "email"}, 0),
    ({"recipient": "bob@example.org"}, 1),
    ({"recipient": "BOB@Example.org"}, 1),
    ({"recipient": "charlie@example.org"}, 1),
    ({"recipient": "+1 415 555 0100"}, 1),
    ({"recipient": "***"}, 0),
    ({"q": "bo"}, 2),
    ({"q": "%"}, 0),
    ({"since": "2001-01-01T00:00:00Z"}, 5),
    ({"since": "2199-01-01T00:00:00Z"}, 0),
    ({"until": "2001-01-01T00:00:00Z"}, 0),
    ({"booking_id": "none"}, 0),
]


def test_notifications_are_found_by_each_filter(door: Door) -> None:
    chat = make_service(door.runtime, price=None)
    both = frozenset({Channel.SMS, Channel.EMAIL})
    for customer in (ALICE, BOB):
        wants = replace(customer, channels=both)
        make_booking(door.runtime, chat, customer=wants)
    door.post(
        "/notifications",
        {
            "kind": "message",
            "channels": ["email"],
            "to": {"email": "Charlie@example.org"},
            "data": {"text": "Hello"},
        },
    )
    first = rows(door.runtime, tasks, queue="sms")[0]
    change_row(door.runtime, tasks, first["id"], status=Status.DEAD)

    found = [
        (query, len(ids(door, "/notifications", **query))) for query, _ in HOW_MANY
    ]

    assert found == HOW_MANY


def test_notifications_of_one_booking_are_found_by_its_id(door: Door) -> None:
    service = make_service(door.runtime)
    alice = make_booking(door.runtime, service, confirmed=True)
    make_booking(door.runtime, service, customer=BOB, confirmed=True)

    found = door.get("/notifications", booking_id=alice.id).json["data"]

    assert {row["booking_id"] for row in found} == {alice.id}
    assert sorted(row["channel"] for row in found) == ["email", "sms", "whatsapp"]
