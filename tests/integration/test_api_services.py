"""`/services`: what is on offer, what a change changes, and when it is free."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.money import Money
from tests.door import Door, assert_problem
from tests.house import (
    make_booking,
    make_service,
    nothing_saved,
)

YOGA = {
    "name": "Yoga",
    "duration_minutes": 60,
    "capacity": 8,
    "price": {"amount": 1500, "currency": "EUR"},
    "buffer_minutes": 15,
    "reminders": ["24h", "2h"],
}
NOT_A_WHOLE_NUMBER = "must be a whole number"


def test_a_service_is_made_shown_and_listed(door: Door) -> None:
    made = door.post("/services", YOGA)

    assert made.status == 201
    service = made.json
    assert made.headers["Location"] == f"/api/v1/services/{service['id']}"
    assert service["active"] is True
    assert {name: service[name] for name in YOGA} == YOGA
    assert service["created_at"].endswith("Z")
    assert door.get(f"/services/{service['id']}").json == service
    assert door.get("/services").json == {"data": [service], "next_cursor": None}


def test_what_is_not_said_is_one_place_free_of_charge(door: Door) -> None:
    service = door.post("/services", {"name": "Chat", "duration_minutes": 30}).json

    assert service["capacity"] == 1
    assert service["price"] is None
    assert service["buffer_minutes"] == 0
    assert service["active"] is True
    assert service["reminders"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Pilates"},
        {"duration_minutes": 45},
        {"capacity": 3},
        {"price": {"amount": 900, "currency": "USD"}},
        {"price": None},
        {"buffer_minutes": 0},
        {"active": False},
        {"reminders": None},
        {"reminders": []},
        {"name": "Pilates", "capacity": 2},
        {},
    ],
    ids=str,
)
def test_a_change_changes_what_is_given_and_nothing_else(
    door: Door, change: dict[str, Any]
) -> None:
    service = door.post("/services", YOGA).json

    changed = door.patch(f"/services/{service['id']}", change)

    assert changed.status == 200
    told = changed.json
    assert told.pop("updated_at") >= service.pop("updated_at")
    assert told == {**service, **change}


@pytest.mark.parametrize("field", ["name", "duration_minutes", "capacity", "active"])
def test_what_a_service_needs_cannot_be_made_null(door: Door, field: str) -> None:
    service = make_service(door.runtime)

    with nothing_saved(door.runtime):
        answer = door.patch(f"/services/{service.id}", {field: None})

    assert_problem(answer, 422, field)


def test_a_change_leaves_bookings_that_exist_as_they_are(door: Door) -> None:
    service = make_service(door.runtime)
    booking = make_booking(door.runtime, service)

    door.patch(f"/services/{service.id}", {"duration_minutes": 10, "price": None})

    after = door.get(f"/bookings/{booking.id}").json
    assert after["price"] == {"amount": 4500, "currency": "EUR"}
    assert after["payment"]["status"] == "unpaid"


BAD_FIELDS: list[tuple[str, object, str]] = [
    ("name", "", "may not be empty"),
    ("name", "  ", "may not be empty"),
    ("name", 7, "must be a text"),
    ("name", "x" * 201, "may have at most 200 characters"),
    ("name", "Yo\r\nga", "must be on one line"),
    ("name", "Yo\x00ga", "may not hold control characters"),
    ("name", "=?UTF-8?Q?=0A?=", "may not hold =?, an encoded word of e-mail"),
    ("duration_minutes", 0, "must be at least 1"),
    ("duration_minutes", 10_081, "must be at most 10080"),
    ("duration_minutes", "60", NOT_A_WHOLE_NUMBER),
    ("duration_minutes", 60.5, NOT_A_WHOLE_NUMBER),
    ("duration_minutes", 2**70, "must be at most 10080"),
    ("duration_minutes", True, NOT_A_WHOLE_NUMBER),
    ("capacity", 0, "must be at least 1"),
    ("capacity", 2**70, "must be at most 1000"),
    ("capacity", -(2**70), "must be at least 1"),
    ("buffer_minutes", -1, "must be at least 0"),
    ("active", "yes", "must be true or false"),
    ("active", 1, "must be true or false"),
    ("price", 45, "must be an object, written in braces"),
    ("reminders", "24h", "must be a list"),
    ("reminders", ["2h"] * 11, "may have at most 10 entries"),
]


def test_a_bad_field_is_refused_in_words(door: Door) -> None:
    with nothing_saved(door.runtime):
        answers = [
            (field, sentence, door.post("/services", {**YOGA, field: value}))
            for field, value, sentence in BAD_FIELDS
        ]

    for field, sentence, answer in answers:
        assert answer.status == 422, answer.asked
        assert answer.bad_fields == {field: sentence}
        assert answer.json["detail"] == f"1 field is not right: {field}."


BAD_PRICES: list[tuple[str, object]] = [
    ("price.amount", {"amount": -1, "currency": "EUR"}),
    ("price.amount", {"amount": 2**70, "currency": "EUR"}),
    ("price.amount", {"amount": 45.0, "currency": "EUR"}),
    ("price.amount", {"amount": "45", "currency": "EUR"}),
    ("price.currency", {"amount": 45, "currency": "EURO"}),
    ("price.currency", {"amount": 45, "currency": "eur"}),
    ("price.currency", {"amount": 45}),
    ("price.vat", {"amount": 45, "currency": "EUR", "vat": 20}),
]


def test_money_is_whole_minor_units_of_a_known_currency(door: Door) -> None:
    with nothing_saved(door.runtime):
        answers = [
            (field, door.post("/services", {**YOGA, "price": price}))
            for field, price in BAD_PRICES
        ]

    for field, answer in answers:
        assert_problem(answer, 422, field)


@pytest.mark.parametrize(
    "before", ["2 hours", "59s", "0", "-2h", "", "1e9d", "9" * 15 + "d", "367d"]
)
def test_a_reminder_is_at_least_a_minute_before(door: Door, before: str) -> None:
    with nothing_saved(door.runtime):
        answer = door.post("/services", {**YOGA, "reminders": [before]})

    assert_problem(answer, 422, "reminders.0")


def test_every_bad_field_is_named_at_once(door: Door) -> None:
    with nothing_saved(door.runtime):
        answer = door.post(
            "/services",
            {
                "name": "",
                "capacity": 0,
                "price": {"amount": -1, "currency": "XX"},
                "buffer_minutes": "a",
                "colour": "red",
                "active": None,
            },
        )

    assert_problem(
        answer,
        422,
        "name",
        "duration_minutes",
        "capacity",
        "price.amount",
        "price.currency",
        "buffer_minutes",
        "active",
        "colour",
    )
    assert answer.json["detail"] == (
        "8 fields are not right: name, duration_minutes, capacity, price.amount, "
        "price.currency and 3 more."
    )


@pytest.mark.parametrize("field", ["id", "created_at", "updated_at"])
def test_what_is_the_houses_own_cannot_be_set(door: Door, field: str) -> None:
    service = make_service(door.runtime)

    with nothing_saved(door.runtime):
        made = door.post("/services", {**YOGA, field: "x"})
        changed = door.patch(f"/services/{service.id}", {field: "x"})

    assert_problem(made, 422, field)
    assert_problem(changed, 422, field)


def test_a_service_that_is_none_cannot_be_changed(door: Door) -> None:
    assert_problem(door.patch("/services/none", {"name": "Pilates"}), 404)


def test_a_price_in_another_currency_stays_in_it(door: Door) -> None:
    service = make_service(door.runtime, price=Money(900, "JPY"))
    booking = make_booking(door.runtime, service)

    told = door.get(f"/bookings/{booking.id}").json

    assert told["price"] == {"amount": 900, "currency": "JPY"}
