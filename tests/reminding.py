"""Bookings that are to be reminded of, on the engine's bench."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from app.domain.bookings import Booking
from app.domain.catalogue import Service
from app.services import bookings
from app.services.reminders import plan_due_reminders
from app.storage.tables import tasks
from tests.engine import Engine
from tests.house import CHARLIE, make_booking, perform, rows

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def book(
    engine: Engine, *, ahead: timedelta, service: Service | None = None
) -> Booking:
    """Book for Charlie, who has an e-mail address alone; the confirmation is sent."""
    booking = make_booking(
        engine.runtime,
        service,
        customer=CHARLIE,
        start=engine.clock.now + ahead,
        confirmed=True,
    )
    engine.work()
    return booking


def reminders(engine: Engine) -> list[sa.RowMapping]:
    return rows(engine.runtime, tasks, kind="booking_reminder")


def planned_at(engine: Engine, moment: datetime) -> int:
    """Return how many reminders are planned when the scheduler runs at this moment."""
    engine.clock.now = moment
    return plan_due_reminders(engine.runtime)


def move(engine: Engine, booking: Booking, *, by: timedelta) -> Booking:
    now = engine.clock.now
    return perform(
        engine.runtime,
        lambda tx: bookings.reschedule(
            tx,
            engine.runtime,
            bookings.find(tx, booking.id),
            start=booking.start + by,
            now=now,
            reason="",
        ),
    )


def cancel(engine: Engine, booking: Booking) -> None:
    now = engine.clock.now
    perform(
        engine.runtime,
        lambda tx: bookings.cancel(
            tx, engine.runtime, bookings.find(tx, booking.id), now=now, reason=""
        ),
    )
