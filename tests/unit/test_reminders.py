"""The series of reminders: when each is due by the clock of the appointment's zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.bookings import Booking, BookingStatus, PaymentStatus
from app.domain.money import Money
from app.domain.quiet_hours import QuietHours, Window
from app.domain.reminders import (
    PRESETS,
    Preset,
    Series,
    due_step,
    moment_before,
    next_moment,
    steps_of,
)
from tests.house import ALICE

MADRID = ZoneInfo("Europe/Madrid")
NIGHT = QuietHours(usual=Window(begin=time(21), end=time(8)))
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def local(text: str, zone: ZoneInfo = MADRID) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def booked(
    start: datetime,
    *,
    status: BookingStatus = BookingStatus.CONFIRMED,
    told_at: datetime | None = None,
    reminded: str | None = None,
) -> Booking:
    long_ago = start - 30 * DAY
    return Booking(
        id="1",
        reference="7KQ2M9",
        status=status,
        service_id="1",
        start=start,
        end=start + HOUR,
        party_size=1,
        customer=ALICE,
        price=Money(0, "EUR"),
        payment_status=PaymentStatus.NOT_NEEDED,
        told_at=told_at or long_ago,
        reminded=reminded,
        created_at=long_ago,
        updated_at=long_ago,
    )


def series(
    before: tuple[timedelta, ...] = PRESETS[Preset.SALON],
    *,
    follow_up: timedelta = timedelta(0),
    quiet: QuietHours | None = None,
) -> Series:
    return Series(
        before=before,
        follow_up=follow_up,
        zone=MADRID,
        customer_zone=MADRID,
        quiet=quiet,
    )


@pytest.mark.parametrize(
    ("zone", "appointment", "hours_a_day_before"),
    [
        ("Europe/Madrid", "2027-03-28T10:00", 23),
        ("Europe/Madrid", "2027-10-31T10:00", 25),
        ("America/New_York", "2027-03-14T10:00", 23),
        ("America/New_York", "2027-11-07T10:00", 25),
        ("Australia/Lord_Howe", "2027-04-04T10:00", 24.5),
        ("Australia/Lord_Howe", "2027-10-03T10:00", 23.5),
        ("Asia/Kolkata", "2027-03-28T10:00", 24),
    ],
)
def test_a_day_before_is_the_same_time_by_the_clock(
    zone: str, appointment: str, hours_a_day_before: float
) -> None:
    there = ZoneInfo(zone)
    start = local(appointment, there)

    a_day_before = moment_before(start, DAY, zone=there)

    assert f"{a_day_before.astimezone(there):%H:%M}" == "10:00"
    assert start - a_day_before == hours_a_day_before * HOUR


def test_hours_before_pass_as_they_do_in_a_night_that_lacks_one() -> None:
    start = local("2027-03-28T03:30")  # an hour and a half after midnight

    assert start - moment_before(start, 2 * HOUR, zone=MADRID) == 2 * HOUR


def test_a_time_that_a_day_lacks_is_told_an_hour_later_by_the_clock() -> None:
    start = local("2027-03-29T02:30")

    a_day_before = moment_before(start, DAY, zone=MADRID)

    assert f"{a_day_before.astimezone(MADRID):%d. %H:%M}" == "28. 03:30"


@pytest.mark.parametrize(
    ("preset", "hours"),
    [
        (Preset.SALON, [24, 2]),
        (Preset.CLINIC, [72, 24, 2]),
        (Preset.RESTAURANT, [24, 3]),
    ],
)
def test_each_trade_has_its_series(preset: Preset, hours: list[int]) -> None:
    start = local("2027-06-10T10:00")

    steps = steps_of(booked(start), series(PRESETS[preset]))

    assert [(start - step.due_at) / HOUR for step in steps] == hours


@pytest.mark.parametrize(
    ("appointment", "due"),
    [
        ("2027-06-10T07:30", "2027-06-09T20:59"),
        ("2027-06-10T08:30", "2027-06-09T20:59"),  # at 8:00 it would be of little use
        ("2027-06-10T08:31", "2027-06-10T06:31"),  # waits for 8:00
        ("2027-06-10T10:00", "2027-06-10T08:00"),
    ],
)
def test_a_reminder_that_would_be_late_after_the_night_is_due_the_evening_before(
    appointment: str, due: str
) -> None:
    *_, last = steps_of(booked(local(appointment)), series(quiet=NIGHT))

    assert last.due_at == local(due)


def test_of_what_was_missed_only_the_last_is_due() -> None:
    start = local("2027-06-10T10:00")
    booking = booked(start)
    steps = steps_of(booking, series(PRESETS[Preset.CLINIC]))

    due = due_step(booking, steps, now=start - HOUR)

    assert due is not None
    assert due.occasion.startswith("120m before")


def test_what_was_planned_is_not_due_again() -> None:
    start = local("2027-06-10T10:00")
    booking = booked(start, reminded=f"1440m before {start.isoformat()}")
    steps = steps_of(booking, series())

    assert due_step(booking, steps, now=start - DAY) is None
    assert next_moment(steps, now=start - DAY) == start - 2 * HOUR


@pytest.mark.parametrize("status", BookingStatus)
def test_only_who_came_or_may_have_come_is_thanked(status: BookingStatus) -> None:
    start = local("2027-06-10T10:00")
    booking = booked(start, status=status)
    steps = steps_of(booking, series(follow_up=2 * HOUR))

    due = due_step(booking, steps, now=booking.end + 2 * HOUR)

    assert (due is not None) == (status in {"confirmed", "completed"})


def test_a_day_late_nobody_is_thanked() -> None:
    booking = booked(local("2027-06-10T10:00"))
    steps = steps_of(booking, series(follow_up=2 * HOUR))

    assert due_step(booking, steps, now=booking.end + DAY + 2 * HOUR) is None


def test_after_the_last_step_there_is_no_next_moment() -> None:
    booking = booked(local("2027-06-10T10:00"))
    steps = steps_of(booking, series())

    assert next_moment(steps, now=booking.start) is None
