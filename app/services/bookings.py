"""The deeds on bookings: each makes rows right in one open transaction.

Called by the API and the scheduler through `dispatch.perform`, which commits, releases
what was planned and rings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.domain.bookings import (
    MOVABLE,
    Booking,
    BookingStatus,
    Customer,
    PaymentStatus,
    check_move,
)
from app.domain.catalogue import Service
from app.domain.events import Event
from app.domain.formats import formats_for
from app.domain.ids import new_id, new_reference
from app.domain.kinds import Kind
from app.domain.money import Money
from app.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    PlaceTakenError,
    Problem,
)
from app.runtime import Runtime
from app.services import availability
from app.services.events import tell
from app.services.planning import plan_for_booking
from app.storage import bookings as store
from app.storage import catalogue

#: Of the hosts of one business; a deed takes far less.
_CLOCKS_DIFFER_BY_AT_MOST = timedelta(minutes=1)
#: Why a booking that has not begun cannot be closed.
_TOO_EARLY = {
    BookingStatus.COMPLETED: "until then it cannot be completed",
    BookingStatus.NO_SHOW: "until then nobody can have missed it",
}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody wants to book."""

    service_id: str
    start: datetime
    party_size: int
    customer: Customer
    notes: str | None = None
    metadata: Mapping[str, Any] | None = None


def create(
    tx: sa.Connection, runtime: Runtime, wish: Wish, *, now: datetime
) -> Booking:
    """Take the places and save the booking; without a price it is confirmed at once.

    Raises PlaceTakenError, with free times near by, where there are too few places.
    """
    service = _bookable_service(tx, wish, now=now)
    end = wish.start + service.duration
    price = service.price or Money(0, runtime.settings.currency)
    booking = Booking(
        id=new_id(),
        reference=new_reference(),
        status=BookingStatus.PENDING_PAYMENT,
        service_id=service.id,
        start=wish.start,
        end=end,
        party_size=wish.party_size,
        customer=wish.customer,
        price=price,
        payment_status=PaymentStatus.UNPAID
        if price.amount
        else PaymentStatus.NOT_NEEDED,
        hold_expires_at=now + runtime.policy.payment_hold,
        notes=wish.notes,
        metadata=dict(wish.metadata) if wish.metadata is not None else None,
        created_at=now,
        updated_at=now,
    )
    _check_places(tx, service, booking, now=now)
    store.insert(tx, booking)
    tell(tx, runtime, Event.BOOKING_CREATED, booking, now=now)
    return booking if price.amount else confirm(tx, runtime, booking, now=now)


def confirm(
    tx: sa.Connection,
    runtime: Runtime,
    booking: Booking,
    *,
    now: datetime,
    **changes: Any,
) -> Booking:
    """Confirm a booking and tell its customer; `changes` are saved with it."""
    check_move(booking.status, BookingStatus.CONFIRMED)
    if not _surely_holds_its_place(booking, now):
        service = _service(tx, booking.service_id)
        _check_places(tx, service, booking, now=now)
    booking = store.change(
        tx,
        booking,
        now=now,
        status=BookingStatus.CONFIRMED,
        hold_expires_at=None,
        told_at=now,
        **changes,
    )
    plan_for_booking(tx, runtime, booking, kind=Kind.BOOKING_CONFIRMED, now=now)
    tell(tx, runtime, Event.BOOKING_CONFIRMED, booking, now=now)
    return booking


def cancel(
    tx: sa.Connection, runtime: Runtime, booking: Booking, *, now: datetime, reason: str
) -> Booking:
    """Cancel a booking, free its places and tell its customer."""
    check_move(booking.status, BookingStatus.CANCELLED)
    booking = store.change(
        tx, booking, now=now, status=BookingStatus.CANCELLED, hold_expires_at=None
    )
    plan_for_booking(
        tx,
        runtime,
        booking,
        kind=Kind.BOOKING_CANCELLED,
        now=now,
        args={"reason": reason},
    )
    tell(tx, runtime, Event.BOOKING_CANCELLED, booking, now=now)
    return booking


def reschedule(
    tx: sa.Connection,
    runtime: Runtime,
    booking: Booking,
    *,
    start: datetime,
    now: datetime,
    reason: str,
) -> Booking:
    """Move a booking to another time and tell its customer the old and the new one."""
    if booking.status not in MOVABLE:
        raise ConflictError(f"A booking that is {booking.status} cannot be moved.")
    if problems := _time_problems(start, now):
        raise InvalidError(problems)
    if start == booking.start:
        return booking
    service = _service(tx, booking.service_id)
    old_start = booking.start
    length = booking.end - booking.start
    booking = store.change(
        tx,
        booking,
        now=now,
        start=start,
        end=start + length,
        told_at=now,
        attendance_confirmed_at=None,
    )
    _check_places(tx, service, booking, now=now)
    plan_for_booking(
        tx,
        runtime,
        booking,
        kind=Kind.BOOKING_RESCHEDULED,
        now=now,
        args={"old_start": old_start.isoformat(), "reason": reason},
    )
    moved = Event.BOOKING_RESCHEDULED
    tell(tx, runtime, moved, booking, now=now, old_start=old_start)
    return booking


def change_status(
    tx: sa.Connection,
    runtime: Runtime,
    booking: Booking,
    *,
    to: BookingStatus,
    now: datetime,
    reason: str = "",
) -> Booking:
    """Complete a booking or note a no-show, and tell its customer.

    Nobody has come, or stayed away, before it begins.
    """
    check_move(booking.status, to)
    _check_begun(runtime, booking, to=to, now=now)
    old_status = booking.status
    booking = store.change(tx, booking, now=now, status=to, hold_expires_at=None)
    plan_for_booking(
        tx,
        runtime,
        booking,
        kind=Kind.BOOKING_STATUS_CHANGED,
        now=now,
        args={"old_status": old_status, "new_status": to, "reason": reason},
    )
    tell(tx, runtime, Event(f"booking.{to}"), booking, now=now)
    return booking


def expire_holds(tx: sa.Connection, *, now: datetime, limit: int = 100) -> int:
    """Let unpaid bookings whose hold has run out expire; return how many.

    Nobody is told: whoever left a form half done may have typed a stranger's number.
    """
    expired = store.expired_holds(tx, now=now, limit=limit)
    for booking in expired:
        check_move(booking.status, BookingStatus.EXPIRED)
        store.change(
            tx, booking, now=now, status=BookingStatus.EXPIRED, hold_expires_at=None
        )
    return len(expired)


def find(tx: sa.Connection, booking_id: str, *, lock: bool = False) -> Booking:
    """Return a booking; raise NotFoundError where there is none.

    `lock`: for a deed, so that nobody else changes it until this transaction ends.
    """
    booking = store.find(tx, booking_id, lock=lock)
    if booking is None:
        raise NotFoundError("booking", booking_id)
    return booking


def _bookable_service(tx: sa.Connection, wish: Wish, *, now: datetime) -> Service:
    """Return the wanted service; raise InvalidError with all that is wrong at once."""
    service = catalogue.find(tx, wish.service_id, lock=True)
    problems = _time_problems(wish.start, now)
    if service is None or not service.active:
        problems.append(Problem("service_id", "there is no such service to book"))
    elif wish.party_size > service.capacity:
        message = f"the service has {service.capacity} places at a time"
        problems.append(Problem("party_size", message))
    if service is None or problems:
        raise InvalidError(problems)
    return service


def _service(tx: sa.Connection, service_id: str) -> Service:
    service = catalogue.find(tx, service_id, lock=True)
    if service is None:
        raise NotFoundError("service", service_id)
    return service


def _check_begun(
    runtime: Runtime, booking: Booking, *, to: BookingStatus, now: datetime
) -> None:
    if now >= booking.start:
        return
    here = formats_for(locale="en_GB", timezone=runtime.settings.timezone)
    begins = f"It begins on {here.date(booking.start)} at {here.time(booking.start)}"
    raise ConflictError(f"{begins} ({here.timezone}); {_TOO_EARLY[to]}.")


def _time_problems(start: datetime, now: datetime) -> list[Problem]:
    return [Problem("start", "is in the past")] if start <= now else []


def _surely_holds_its_place(booking: Booking, now: datetime) -> bool:
    """Whether its hold goes on for everybody, whatever their clock says.

    Who books meanwhile may think that it has run out: near its end the places are
    counted once more, with the service locked.
    """
    if booking.status is not BookingStatus.PENDING_PAYMENT:
        return False
    until = booking.hold_expires_at
    return until is None or until > now + _CLOCKS_DIFFER_BY_AT_MOST


def _check_places(
    tx: sa.Connection, service: Service, booking: Booking, *, now: datetime
) -> None:
    left = availability.places_left_for(tx, service, booking, now=now)
    if left < booking.party_size:
        raise PlaceTakenError(availability.alternatives(tx, service, booking, now=now))
