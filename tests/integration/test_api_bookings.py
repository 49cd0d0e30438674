"""`POST /bookings`: what is booked, what is refused, and what is offered instead."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain.catalogue import Service
from app.domain.kinds import Kind
from app.services.keys import Scope
from app.storage.tables import bookings, notifications, tasks
from tests.door import Door, assert_problem
from tests.house import (
    change_row,
    count,
    in_days,
    make_booking,
    make_service,
    nothing_saved,
    rows,
)

ALICE = {
    "name": "Alice",
    "email": "Alice@Example.ORG",
    "phone": "+1 415 555 0100",
    "locale": "de-AT",
    "timezone": "Europe/Vienna",
    "channels": ["email", "sms"],
}


@pytest.fixture(name="yoga")
def a_service(door: Door) -> Service:
    return make_service(door.runtime)


def wish(service: Service, **more: Any) -> dict[str, Any]:
    """Alice wants one place in three days, unless said otherwise."""
    start = in_days(3).isoformat()
    asked = {"service_id": service.id, "start": start, "customer": ALICE}
    return {**asked, **more}


def test_a_booking_is_made_and_waits_for_its_payment(door: Door, yoga: Service) -> None:
    start = in_days(3)

    made = door.post(
        "/bookings",
        wish(yoga, party_size=2, notes="At the window\n", metadata={"crm": [1, {}]}),
    )

    assert made.status == 201
    booking = made.json
    assert made.headers["Location"] == f"/api/v1/bookings/{booking['id']}"
    assert booking["status"] == "pending_payment"
    assert booking["payment"] == {
        "status": "unpaid",
        "provider": None,
        "reference": None,
    }
    assert booking["service_id"] == yoga.id
    assert datetime.fromisoformat(booking["start"]) == start
    assert datetime.fromisoformat(booking["end"]) == start + timedelta(hours=1)
    assert booking["start"].endswith("Z")
    assert booking["party_size"] == 2
    assert booking["price"] == {"amount": 4500, "currency": "EUR"}
    assert booking["notes"] == "At the window"
    assert booking["metadata"] == {"crm": [1, {}]}
    assert booking["customer"] == {
        "name": "Alice",
        "email": "Alice@example.org",
        "phone": "+14155550100",
        "locale": "de_AT",
        "timezone": "Europe/Vienna",
        "channels": ["email", "sms"],
    }
    assert door.get(f"/bookings/{booking['id']}").json == booking
    assert count(door.runtime, tasks) == 0


def test_what_costs_nothing_is_confirmed_and_told_at_once(door: Door) -> None:
    chat = make_service(door.runtime, price=None)

    booking = door.post("/bookings", wish(chat)).json

    assert booking["status"] == "confirmed"
    assert booking["payment"]["status"] == "not_needed"
    assert booking["price"] == {"amount": 0, "currency": "EUR"}
    assert booking["hold_expires_at"] is None
    planned = rows(door.runtime, tasks)
    assert {task["kind"] for task in planned} == {Kind.BOOKING_CONFIRMED}
    assert {task["queue"] for task in planned} == {"email", "sms"}


def test_every_time_is_answered_in_utc(door: Door, yoga: Service) -> None:
    answer = door.post("/bookings", wish(yoga, start="2099-07-01T10:00:00.999+05:30"))

    assert answer.json["start"] == "2099-07-01T04:30:00Z"


def test_a_phone_number_without_a_country_is_read_in_the_business_region(
    door: Door, yoga: Service
) -> None:
    customer = {"name": "Alice", "phone": "01512 3456789"}

    refused = door.post("/bookings", wish(yoga, customer=customer))

    assert_problem(refused, 422, "customer.phone")
    assert "country code" in refused.bad_fields["customer.phone"]


def test_a_full_time_is_409_with_the_next_free_ones(door: Door, yoga: Service) -> None:
    start = in_days(3)
    make_booking(door.runtime, yoga, start=start, party_size=3)
    make_booking(door.runtime, yoga, start=start + timedelta(minutes=90), party_size=4)

    with nothing_saved(door.runtime):
        answer = door.post("/bookings", wish(yoga, party_size=3))

    assert_problem(answer, 409)
    # Half an hour later it still overlaps the first, after an hour the second one.
    free = [start + timedelta(minutes=after) for after in (150, 180, 210)]
    assert answer.json["alternatives"] == [
        at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in free
    ]
    fits = door.post("/bookings", wish(yoga, start=answer.json["alternatives"][0]))
    assert fits.status == 201


def test_a_week_without_a_place_offers_nothing(door: Door) -> None:
    retreat = make_service(door.runtime, minutes=7 * 24 * 60, capacity=1)
    for week in range(2):
        make_booking(door.runtime, retreat, start=in_days(3 + 7 * week))

    answer = door.post("/bookings", wish(retreat))

    assert_problem(answer, 409)
    assert answer.json["alternatives"] == []


def test_the_hold_of_an_unpaid_booking_frees_its_place(door: Door) -> None:
    massage = make_service(door.runtime, capacity=1)
    unpaid = make_booking(door.runtime, massage)
    assert door.post("/bookings", wish(massage)).status == 409

    change_row(door.runtime, bookings, unpaid.id, hold_expires_at=unpaid.created_at)

    assert door.post("/bookings", wish(massage)).status == 201


BAD_FIELDS: list[tuple[str, dict[str, Any]]] = [
    ("service_id", {"service_id": "none"}),
    ("service_id", {"service_id": 7}),
    ("service_id", {"service_id": "x" * 101}),
    ("service_id", {"service_id": "\x00"}),
    ("start", {"start": "2099-01-01T10:00:00"}),
    ("start", {"start": "2099-01-01"}),
    ("start", {"start": "2001-01-01T10:00:00Z"}),
    ("start", {"start": "1999-01-01T10:00:00Z"}),
    ("start", {"start": "2200-01-01T10:00:00Z"}),
    ("start", {"start": "0001-01-01T00:00:00+14:00"}),
    ("start", {"start": "9999-12-31T23:59:59-14:00"}),
    ("start", {"start": "2099-02-30T10:00:00Z"}),
    ("start", {"start": "2099-01-01T10:00:00+25:00"}),
    ("start", {"start": 4070908800}),
    ("start", {"start": 2**70}),
    ("start", {"start": "tomorrow at ten"}),
    ("start", {"start": "2099-01-01T10:00:00Z" + "0" * 5000}),
    ("start", {"start": None}),
    ("party_size", {"party_size": 0}),
    ("party_size", {"party_size": -1}),
    ("party_size", {"party_size": 6}),
    ("party_size", {"party_size": 2**70}),
    ("party_size", {"party_size": 1.5}),
    ("party_size", {"party_size": "2"}),
    ("party_size", {"party_size": True}),
    ("customer", {"customer": None}),
    ("customer", {"customer": "Alice"}),
    ("customer", {"customer": [ALICE]}),
    ("customer.name", {"customer": {}}),
    ("customer.name", {"customer": {"name": ""}}),
    ("customer.name", {"customer": {"name": " \t "}}),
    ("customer.name", {"customer": {"name": "x" * 201}}),
    ("customer.name", {"customer": {"name": "Alice\r\nBcc: eve@example.com"}}),
    ("customer.name", {"customer": {"name": "Alice\x00"}}),
    ("customer.name", {"customer": {"name": "Alice\u0085Eve"}}),
    ("customer.name", {"customer": {"name": "=?utf-8?q?=0ABcc:_eve?="}}),
    ("customer.email", {"customer": {"name": "A", "email": "alice"}}),
    ("customer.email", {"customer": {"name": "A", "email": "a@b.com\r\nBcc: c@d.com"}}),
    ("customer.email", {"customer": {"name": "A", "email": "a@b.com, c@d.com"}}),
    ("customer.email", {"customer": {"name": "A", "email": "Alice <a@b.com>"}}),
    ("customer.email", {"customer": {"name": "A", "email": "a@b.com\x00"}}),
    ("customer.email", {"customer": {"name": "A", "email": "=?utf-8?q?a?=@b.com"}}),
    ("customer.email", {"customer": {"name": "A", "email": "a@" + "b" * 300 + ".com"}}),
    ("customer.email", {"customer": {"name": "A", "email": ["a@b.com"]}}),
    ("customer.phone", {"customer": {"name": "A", "phone": "12345"}}),
    ("customer.phone", {"customer": {"name": "A", "phone": "+1 415 555 0100 ext. 5"}}),
    ("customer.phone", {"customer": {"name": "A", "phone": "+999999999999"}}),
    ("customer.phone", {"customer": {"name": "A", "phone": "call me"}}),
    ("customer.phone", {"customer": {"name": "A", "phone": 14155550100}}),
    ("customer.phone", {"customer": {"name": "A", "phone": "+1415555\x000100"}}),
    ("customer.locale", {"customer": {"name": "A", "locale": "xx"}}),
    ("customer.locale", {"customer": {"name": "A", "locale": "../../etc"}}),
    ("customer.locale", {"customer": {"name": "A", "locale": "en\x00"}}),
    ("customer.timezone", {"customer": {"name": "A", "timezone": "Europe/Atlantis"}}),
    ("customer.timezone", {"customer": {"name": "A", "timezone": "../etc/passwd"}}),
    ("customer.timezone", {"customer": {"name": "A", "timezone": "UTC\x00"}}),
    ("customer.channels", {"customer": {"name": "A", "channels": "sms"}}),
    ("customer.channels.0", {"customer": {"name": "A", "channels": ["pigeon"]}}),
    ("customer.vip", {"customer": {"name": "A", "vip": True}}),
    ("notes", {"notes": "x" * 4001}),
    ("notes", {"notes": "a\x00b"}),
    ("notes", {"notes": {"text": "hi"}}),
    ("metadata", {"metadata": []}),
    ("metadata", {"metadata": {"n": 2**70}}),
    ("metadata", {"metadata": {"n": "a\x00b"}}),
    ("metadata", {"metadata": {"a\x00b": 1}}),
    ("metadata", {"metadata": {"a": [[[[[[[[[[1]]]]]]]]]]}}),
    ("metadata", {"metadata": {str(n): n for n in range(51)}}),
    ("status", {"status": "confirmed"}),
    ("id", {"id": "mine"}),
    ("price", {"price": {"amount": 1, "currency": "EUR"}}),
    ("payment_status", {"payment_status": "paid"}),
    ("hold_expires_at", {"hold_expires_at": None}),
    ("revision", {"revision": 7}),
    ("", {"": 1}),
]


def test_a_bad_field_is_422_and_nothing_is_saved(door: Door, yoga: Service) -> None:
    wishes = [(field, wish(yoga, **change)) for field, change in BAD_FIELDS]

    with nothing_saved(door.runtime):
        answers = [(field, door.post("/bookings", asked)) for field, asked in wishes]

    for field, answer in answers:
        assert_problem(answer, 422, field or "body")
        assert answer.json["title"] == "Unprocessable Entity"


def test_every_bad_field_is_named_at_once(door: Door) -> None:
    answer = door.post(
        "/bookings",
        {
            "start": "soon",
            "party_size": 0,
            "customer": {"email": "x", "phone": "x", "timezone": "x"},
            "colour": "red",
        },
    )

    assert_problem(
        answer,
        422,
        "service_id",
        "start",
        "party_size",
        "customer.name",
        "customer.email",
        "customer.phone",
        "customer.timezone",
        "colour",
    )


def test_what_only_the_calendar_knows_is_named_at_once_too(
    door: Door, yoga: Service
) -> None:
    with nothing_saved(door.runtime):
        answer = door.post(
            "/bookings", wish(yoga, start="2020-01-01T10:00:00Z", party_size=9)
        )

    assert_problem(answer, 422, "start", "party_size")
    assert answer.bad_fields["start"] == "is in the past"
    assert answer.bad_fields["party_size"] == "the service has 5 places at a time"


def test_a_service_that_is_not_offered_cannot_be_booked(door: Door) -> None:
    closed = make_service(door.runtime, active=False)

    assert_problem(door.post("/bookings", wish(closed)), 422, "service_id")


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "O'Brien; DROP TABLE bookings",
        "{{ 7 * 7 }}",
        "\U0001f9d8 \u0645\u0631\u064a\u0645",
        "%s %(name)s {0}",
    ],
)
def test_a_strange_name_is_only_a_name(door: Door, yoga: Service, name: str) -> None:
    answer = door.post("/bookings", wish(yoga, customer={"name": name}))

    assert answer.status == 201
    assert door.get(f"/bookings/{answer.json['id']}").json["customer"]["name"] == name


def test_two_at_one_time_get_ids_and_references_of_their_own(
    door: Door, yoga: Service
) -> None:
    page = door.as_scope(Scope.PUBLIC)

    made = [page.post("/bookings", wish(yoga)).json for _ in range(5)]

    assert len({booking["id"] for booking in made}) == 5
    assert len({booking["reference"] for booking in made}) == 5
    assert len({booking["manage_url"] for booking in made}) == 5


def test_a_customer_who_wants_no_channel_is_told_nothing(door: Door) -> None:
    chat = make_service(door.runtime, price=None)

    made = door.post("/bookings", wish(chat, customer={**ALICE, "channels": []}))

    assert made.json["customer"]["channels"] == []
    assert count(door.runtime, notifications) == 0
