"""What people do to a message or a booking while it is on its way: for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from app.domain.bookings import Booking
from app.services import bookings, notifications, payments
from app.services.payments import ManualProof
from app.storage import bookings as store
from tests.engine import Engine
from tests.house import PRICE, perform


def cancel(engine: Engine, message: str) -> None:
    """Call a message off, as a person does."""
    now = engine.clock.now
    perform(engine.runtime, lambda tx: notifications.cancel(tx, message, now=now))


def cancel_booking(engine: Engine, booking: Booking) -> None:
    """Cancel a booking as it stands now."""

    def deed(tx: Any, runtime: Any, now_booked: Booking, **named: Any) -> object:
        return bookings.cancel(tx, runtime, now_booked, reason="", **named)

    _change(engine, booking, deed)


def move(engine: Engine, booking: Booking, *, hours: int) -> None:
    """Reschedule a booking by so many hours."""

    def deed(tx: Any, runtime: Any, now_booked: Booking, **named: Any) -> object:
        start = now_booked.start + timedelta(hours=hours)
        return bookings.reschedule(
            tx, runtime, now_booked, start=start, reason="", **named
        )

    _change(engine, booking, deed)


def pay(engine: Engine, booking: Booking) -> None:
    """Pay a booking in cash, as the staff vouches."""
    proof = ManualProof(reference="cash", amount=PRICE)

    def deed(tx: Any, runtime: Any, now_booked: Booking, **named: Any) -> object:
        return payments.verify_manual(tx, runtime, now_booked, proof, **named)

    _change(engine, booking, deed)


def rename(engine: Engine, booking: Booking, name: str) -> None:
    """Give a booking's customer another name."""

    def deed(tx: Any, _runtime: Any, now_booked: Booking, **named: Any) -> object:
        customer = replace(now_booked.customer, name=name)
        return store.change(tx, now_booked, customer=customer, **named)

    _change(engine, booking, deed)


def _change(engine: Engine, booking: Booking, deed: Callable[..., object]) -> None:
    perform(
        engine.runtime,
        lambda tx: deed(
            tx, engine.runtime, bookings.find(tx, booking.id), now=engine.clock.now
        ),
    )
