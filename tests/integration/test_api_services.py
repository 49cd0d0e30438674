"""`/services`: what is on offer, what a change changes, and when it is free."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.clock import utc_now
from app.domain.bookings import BookingStatus
from app.domain.money import Money
from app.storage.tables import bookings
from tests.door import Door, assert_problem
from tests.house import (
    BOB,
    change_row,
    in_days,
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


def starts(door: Door, service_id: str, **window: str) -> dict[str, int]:
    answer = door.get(f"/services/{service_id}/availability", **window)
    assert answer.status == 200, answer.text
    return {offer["start"]: offer["places_left"] for offer in answer.json["data"]}


def test_free_starts_tell_the_places_left(door: Door) -> None:
    service = make_service(door.runtime, capacity=2)
    day = in_days(3)
    make_booking(door.runtime, service, start=day)
    make_booking(door.runtime, service, start=day, customer=BOB)
    make_booking(door.runtime, service, start=day + timedelta(hours=1))

    free = starts(
        door,
        service.id,
        from_=day.isoformat(),
        to=(day + timedelta(hours=3)).isoformat(),
    )

    told = {at[11:16]: left for at, left in free.items()}
    hour = day.hour
    assert told == {
        f"{(hour + 1) % 24:02}:00": 1,
        f"{(hour + 1) % 24:02}:30": 1,
        f"{(hour + 2) % 24:02}:00": 2,
        f"{(hour + 2) % 24:02}:30": 2,
    }
    assert all(at.endswith("Z") for at in free)


def test_a_buffer_keeps_the_time_after_an_appointment_free(door: Door) -> None:
    service = make_service(door.runtime, minutes=30, buffer_minutes=30, capacity=1)
    day = in_days(3)
    make_booking(door.runtime, service, start=day + timedelta(hours=1))

    free = starts(
        door,
        service.id,
        from_=day.isoformat(),
        to=(day + timedelta(hours=2, minutes=1)).isoformat(),
    )

    # 00:30 would end at 01:00 and needs its own buffer until 01:30.
    assert [at[14:16] for at in free] == ["00", "00"]


def test_a_place_is_free_again_when_its_hold_has_run_out(door: Door) -> None:
    service = make_service(door.runtime, capacity=1)
    day = in_days(3)
    window = {"from_": day.isoformat(), "to": (day + timedelta(minutes=1)).isoformat()}
    booking = make_booking(door.runtime, service, start=day)
    assert starts(door, service.id, **window) == {}

    change_row(door.runtime, bookings, booking.id, hold_expires_at=utc_now())

    assert list(starts(door, service.id, **window).values()) == [1]


def test_cancelled_and_expired_bookings_take_no_place(door: Door) -> None:
    service = make_service(door.runtime, capacity=2)
    day = in_days(3)
    for status in (BookingStatus.CANCELLED, BookingStatus.EXPIRED):
        booking = make_booking(door.runtime, service, start=day)
        change_row(door.runtime, bookings, booking.id, status=status)

    window = {"from_": day.isoformat(), "to": (day + timedelta(minutes=1)).isoformat()}
    assert list(starts(door, service.id, **window).values()) == [2]


def test_from_now_for_a_day_where_nothing_is_said(door: Door) -> None:
    service = make_service(door.runtime)

    free = starts(door, service.id)

    assert 46 <= len(free) <= 48
    assert min(free) > utc_now().isoformat()


@pytest.mark.parametrize(
    ("field", "query"),
    [
        ("to", {"from_": "2027-01-02T00:00:00Z", "to": "2027-01-01T00:00:00Z"}),
        ("to", {"from_": "2027-01-01T00:00:00Z", "to": "2027-02-02T00:00:00Z"}),
        ("from", {"from_": "2027-01-01T00:00:00"}),
        ("from", {"from_": "tomorrow"}),
        ("to", {"to": "2027-13-01T00:00:00Z"}),
        ("until", {"until": "2027-01-01T00:00:00Z"}),
    ],
)
def test_a_window_must_be_one(door: Door, field: str, query: dict[str, str]) -> None:
    service = make_service(door.runtime)

    assert_problem(
        door.get(f"/services/{service.id}/availability", **query), 422, field
    )


def test_a_month_of_minutes_is_told_in_less_than_a_second(door: Door) -> None:
    service = make_service(door.runtime, minutes=1, capacity=3)
    day = in_days(40)
    for nth in range(100):
        make_booking(door.runtime, service, start=day + timedelta(minutes=7 * nth))
    began = utc_now()

    free = starts(
        door,
        service.id,
        from_=day.isoformat(),
        to=(day + timedelta(days=31)).isoformat(),
    )

    assert len(free) == 31 * 24 * 60
    assert sum(left == 2 for left in free.values()) == 100
    assert utc_now() - began < timedelta(seconds=5)


def test_a_price_in_another_currency_stays_in_it(door: Door) -> None:
    service = make_service(door.runtime, price=Money(900, "JPY"))
    booking = make_booking(door.runtime, service)

    told = door.get(f"/bookings/{booking.id}").json

    assert told["price"] == {"amount": 900, "currency": "JPY"}
