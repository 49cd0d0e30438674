"""The SQL of bookings; a change is refused where somebody was faster."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.domain.availability import Taken
from app.domain.bookings import (
    HOLDS_PLACE,
    Booking,
    BookingStatus,
    Customer,
    PaymentStatus,
    next_sequence,
)
from app.domain.money import Money
from app.domain.recipients import Channel
from app.errors import ConflictError
from app.storage.inserting import insert_row
from app.storage.prepared import Prepared
from app.storage.tables import bookings, services
from app.storage.types import Moment, Row, moment_of

_THIS = sa.select(bookings).where(bookings.c.id == sa.bindparam("booking_id"))
_FIND = Prepared(_THIS)
_FIND_FOR_CHANGE = Prepared(_THIS.with_for_update(key_share=True))
_CHANGE = Prepared(
    sa.update(bookings)
    .where(
        bookings.c.id == sa.bindparam("booking_id"),
        bookings.c.revision == sa.bindparam("seen"),
    )
    .values(
        {
            column.name: sa.bindparam(column.name)
            for column in bookings.c
            # Written as its e-mail is planned.
            if column is not bookings.c.confirmation_id
        }
    )
)
#: When a place is free again: its service's buffer later.
_ENDS = sa.type_coerce(
    sa.type_coerce(bookings.c.end, sa.BigInteger)
    + sa.cast(services.c.buffer_minutes, sa.BigInteger) * 60_000,
    Moment,
)
_TAKEN = Prepared(
    sa.select(bookings.c.start, _ENDS, bookings.c.party_size)
    .join(services, services.c.id == bookings.c.service_id)
    .where(
        bookings.c.service_id == sa.bindparam("service_id"),
        bookings.c.status.in_([sa.literal(status) for status in HOLDS_PLACE]),
        sa.or_(
            bookings.c.hold_expires_at.is_(None),
            bookings.c.hold_expires_at > sa.bindparam("now"),
        ),
        bookings.c.start < sa.bindparam("last"),
        sa.bindparam("first", type_=Moment) < _ENDS,
        bookings.c.id != sa.bindparam("but_not"),
    )
)


def insert(tx: sa.Connection, booking: Booking) -> None:
    """Save a new booking."""
    insert_row(tx, bookings, _row(booking))


def find(tx: sa.Connection, booking_id: str, *, lock: bool = False) -> Booking | None:
    """Return a booking, or None; `lock` keeps others from changing it meanwhile.

    SQLite has one writer at a time and needs no such lock; there it does nothing.
    """
    query = _FIND_FOR_CHANGE if lock else _FIND
    found = query.mappings(tx, {"booking_id": booking_id})
    return booking_of(found[0]) if found else None


def change(
    tx: sa.Connection, booking: Booking, *, now: datetime, **changes: Any
) -> Booking:
    """Save the booking with these changes as its next revision, and return it.

    Raises ConflictError if it has changed since it was read.
    """
    after = replace(booking, revision=booking.revision + 1, updated_at=now, **changes)
    after = replace(after, sequence=next_sequence(booking, after))
    facts = {"booking_id": booking.id, "seen": booking.revision, **_row(after)}
    if _CHANGE.change(tx, facts) != 1:
        raise ConflictError("The booking was changed by somebody else just now.")
    return after


def taken(
    tx: sa.Connection,
    *,
    service_id: str,
    window: tuple[datetime, datetime],
    now: datetime,
    but_not: str | None = None,
) -> list[Taken]:
    """Return what is taken of a service in the window, buffers included.

    A hold that has run out counts no more. `but_not`: a booking that is to be moved.
    """
    first, last = window
    facts = {
        "service_id": service_id,
        "first": first,
        "last": last,
        "now": now,
        "but_not": but_not or "",
    }
    return [
        Taken(start=moment_of(start), end=moment_of(end), places=size)
        for start, end, size in _TAKEN.rows(tx, facts)
    ]


def expired_holds(tx: sa.Connection, *, now: datetime, limit: int) -> list[Booking]:
    """Return unpaid bookings whose hold has run out, for a change.

    One that somebody pays or cancels just now is left alone.
    """
    query = (
        sa.select(bookings)
        .where(
            bookings.c.status == BookingStatus.PENDING_PAYMENT,
            bookings.c.hold_expires_at <= now,
        )
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return [booking_of(row) for row in tx.execute(query).mappings()]


def note_confirmation(tx: sa.Connection, *, booking_id: str, task_id: str) -> None:
    """Write down which notification confirmed a booking by e-mail: the first one."""
    tx.execute(
        sa.update(bookings)
        .where(bookings.c.id == booking_id, bookings.c.confirmation_id.is_(None))
        .values(confirmation_id=task_id)
    )


def booking_of(row: Row) -> Booking:
    """Make a booking of its row."""
    channels = row["customer_channels"]
    return Booking(
        id=row["id"],
        reference=row["reference"],
        status=BookingStatus(row["status"]),
        service_id=row["service_id"],
        start=row["start"],
        end=row["end"],
        party_size=row["party_size"],
        customer=Customer(
            name=row["customer_name"],
            email=row["customer_email"],
            phone=row["customer_phone"],
            locale=row["customer_locale"],
            timezone=row["customer_timezone"],
            channels=None if channels is None else frozenset(map(Channel, channels)),
        ),
        price=Money(row["price_amount"], row["price_currency"]),
        payment_status=PaymentStatus(row["payment_status"]),
        payment_order_id=row["payment_order_id"],
        hold_expires_at=row["hold_expires_at"],
        told_at=row["told_at"],
        notes=row["notes"],
        metadata=row["metadata"],
        reminded=row["reminded"],
        attendance_confirmed_at=row["attendance_confirmed_at"],
        revision=row["revision"],
        sequence=row["sequence"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _row(booking: Booking) -> dict[str, Any]:
    customer = booking.customer
    return {
        "id": booking.id,
        "reference": booking.reference,
        "status": booking.status,
        "service_id": booking.service_id,
        "start": booking.start,
        "end": booking.end,
        "party_size": booking.party_size,
        "customer_name": customer.name,
        "customer_email": customer.email,
        "customer_phone": customer.phone,
        "customer_locale": customer.locale,
        "customer_timezone": customer.timezone,
        "customer_channels": None
        if customer.channels is None
        else sorted(customer.channels),
        "notes": booking.notes,
        "metadata": booking.metadata,
        "reminded": booking.reminded,
        # Whatever has changed, the next run finds what is to come.
        "remind_at": booking.updated_at,
        "attendance_confirmed_at": booking.attendance_confirmed_at,
        "price_amount": booking.price.amount,
        "price_currency": booking.price.currency,
        "payment_status": booking.payment_status,
        "payment_order_id": booking.payment_order_id,
        "hold_expires_at": booking.hold_expires_at,
        "told_at": booking.told_at,
        "revision": booking.revision,
        "sequence": booking.sequence,
        "created_at": booking.created_at,
        "updated_at": booking.updated_at,
    }
