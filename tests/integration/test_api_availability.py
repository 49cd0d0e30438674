"""`GET /services/{id}/availability`: when a service is free, and for how many."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.clock import utc_now
from app.domain.bookings import BookingStatus
from app.storage.tables import bookings
from tests.door import Door, assert_problem
from tests.house import BOB, change_row, in_days, make_booking, make_service


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
