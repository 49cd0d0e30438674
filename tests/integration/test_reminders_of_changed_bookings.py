"""Reminders of bookings that were moved or cancelled: true, or none."""

from __future__ import annotations

from app.services.reminders import plan_due_reminders
from tests.engine import Engine
from tests.house import CHARLIE, make_booking
from tests.reminding import DAY, HOUR, book, cancel, move, planned_at, reminders


def test_a_moved_booking_is_reminded_of_its_new_time(engine: Engine) -> None:
    booking = book(engine, ahead=3 * DAY)
    planned_at(engine, booking.start - DAY)
    moved = move(engine, booking, by=2 * DAY)
    engine.work()

    counts = [
        planned_at(engine, moment)
        for moment in (
            booking.start - 2 * HOUR,
            moved.start - DAY,
            moved.start - 2 * HOUR,
        )
    ]
    engine.work()

    assert counts == [0, 1, 1]


def test_a_reminder_of_the_old_time_never_leaves(engine: Engine) -> None:
    booking = book(engine, ahead=3 * DAY)
    planned_at(engine, booking.start - DAY)

    move(engine, booking, by=2 * DAY)

    assert [row["status"] for row in reminders(engine)] == ["superseded"]


def test_who_is_moved_to_a_time_soon_has_just_been_told(engine: Engine) -> None:
    booking = book(engine, ahead=10 * DAY)
    engine.clock.advance(days=4)

    moved = move(engine, booking, by=-6 * DAY + 5 * HOUR)

    assert plan_due_reminders(engine.runtime) == 0
    assert planned_at(engine, moved.start - 2 * HOUR) == 1


def test_a_booking_moved_there_and_back_is_reminded_all_the_same(
    engine: Engine,
) -> None:
    booking = book(engine, ahead=3 * DAY)
    there = move(engine, booking, by=DAY)
    back = move(engine, there, by=-DAY)

    assert back.start == booking.start
    assert planned_at(engine, back.start - DAY) == 1
    assert planned_at(engine, back.start - 2 * HOUR) == 1


def test_a_booking_moved_back_after_its_reminder_is_told_by_the_move(
    engine: Engine,
) -> None:
    booking = book(engine, ahead=3 * DAY)
    planned_at(engine, booking.start - DAY)
    there = move(engine, booking, by=DAY)
    move(engine, there, by=-DAY)
    engine.work()

    assert plan_due_reminders(engine.runtime) == 0
    assert planned_at(engine, booking.start - 2 * HOUR) == 1


def test_a_cancelled_booking_is_not_reminded(engine: Engine) -> None:
    booking = book(engine, ahead=3 * DAY)
    planned_at(engine, booking.start - DAY)
    cancel(engine, booking)

    assert [row["status"] for row in reminders(engine)] == ["cancelled"]
    assert planned_at(engine, booking.start - HOUR) == 0


def test_an_unpaid_booking_is_not_reminded(engine: Engine) -> None:
    start = engine.clock.now + 3 * DAY
    make_booking(engine.runtime, customer=CHARLIE, start=start)

    assert planned_at(engine, start - DAY) == 0
