"""`POST /bookings`: what is booked, what is refused, and what is offered instead."""

from __future__ import annotations

from datetime import datetime, timedelta

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
from tests.wishes import ALICE, wish


@pytest.fixture(name="yoga")
def a_service(door: Door) -> Service:
    return make_service(door.runtime)


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
        "email": "alice@example.org",
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
