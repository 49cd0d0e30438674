"""What calendars and mailboxes go by: a booking's sequence, and its confirmation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.domain.bookings import Booking, BookingStatus
from app.domain.kinds import Kind
from app.runtime import Runtime
from app.services import bookings
from app.services.planning import plan_for_booking
from app.storage import bookings as store
from app.storage import tables
from tests.house import ALICE, make_booking, make_runtime, perform, rows


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with make_runtime(tmp_path) as made:
        yield made


def change(
    runtime: Runtime,
    deed: Callable[[sa.Connection, Booking], Booking],
    booking: Booking,
) -> Booking:
    return perform(
        runtime, lambda tx: deed(tx, bookings.find(tx, booking.id, lock=True))
    )


def column(runtime: Runtime, booking: Booking, name: str) -> object:
    [row] = rows(runtime, tables.bookings, id=booking.id)
    return row[name]


def test_the_sequence_begins_at_nothing_and_rises_when_a_booking_is_confirmed(
    runtime: Runtime,
) -> None:
    booking = make_booking(runtime)
    confirmed = change(
        runtime, lambda tx, b: bookings.confirm(tx, runtime, b, now=utc_now()), booking
    )

    assert (booking.sequence, confirmed.sequence) == (0, 1)
    assert column(runtime, booking, "sequence") == 1


def test_every_move_and_the_cancellation_raise_it(runtime: Runtime) -> None:
    booking = make_booking(runtime, confirmed=True)
    later = booking.start + timedelta(days=1)

    moved = change(
        runtime,
        lambda tx, b: bookings.reschedule(
            tx, runtime, b, start=later, now=utc_now(), reason=""
        ),
        booking,
    )
    cancelled = change(
        runtime,
        lambda tx, b: bookings.cancel(tx, runtime, b, now=utc_now(), reason=""),
        booking,
    )

    sequences = [booking.sequence, moved.sequence, cancelled.sequence]
    assert sequences == [1, 2, 3]


def test_what_no_calendar_shows_leaves_it_as_it_is(runtime: Runtime) -> None:
    booking = make_booking(runtime, confirmed=True)

    changed = change(
        runtime,
        lambda tx, b: store.change(tx, b, now=utc_now(), notes="Vegan"),
        booking,
    )

    assert changed.revision == booking.revision + 1
    assert changed.sequence == booking.sequence


def test_a_second_confirmation_leaves_sequence_and_thread_as_they_are(
    runtime: Runtime,
) -> None:
    booking = make_booking(runtime, confirmed=True)
    first = column(runtime, booking, "confirmation_id")

    perform(
        runtime,
        lambda tx: plan_for_booking(
            tx,
            runtime,
            booking,
            kind=Kind.BOOKING_CONFIRMED,
            now=utc_now(),
            occasion="again",
        ),
    )

    assert column(runtime, booking, "sequence") == booking.sequence
    assert column(runtime, booking, "confirmation_id") == first


def test_a_booking_knows_the_e_mail_that_confirmed_it(runtime: Runtime) -> None:
    booking = make_booking(runtime, confirmed=True)

    known = column(runtime, booking, "confirmation_id")

    [note] = rows(runtime, tables.notifications, task_id=known)
    [task] = rows(runtime, tables.tasks, id=known)
    assert note["channel"] == "email"
    assert task["kind"] == "booking_confirmed"


def test_without_an_e_mail_there_is_none_to_stand_under(runtime: Runtime) -> None:
    by_phone = replace(ALICE, email=None)

    booking = make_booking(runtime, customer=by_phone, confirmed=True)

    assert booking.status is BookingStatus.CONFIRMED
    assert column(runtime, booking, "confirmation_id") is None
