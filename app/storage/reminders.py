"""The SQL of reminders: which bookings are to be looked at, and when next.

Every change of a booking makes it due for a look (`storage/bookings.py`); the look
writes down when the next is due.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from app.domain.bookings import BookingStatus
from app.storage.tables import bookings


def to_remind(tx: sa.Connection, *, now: datetime, limit: int) -> list[str]:
    """Return bookings whose reminders are to be looked at, the longest due first."""
    query = (
        sa.select(bookings.c.id)
        .where(bookings.c.remind_at <= now)
        .order_by(bookings.c.remind_at)
        .limit(limit)
    )
    return list(tx.execute(query).scalars())


def note(
    tx: sa.Connection,
    *,
    booking_id: str,
    reminded: str | None,
    told_at: datetime | None,
    next_at: datetime | None,
) -> None:
    """Write down what was planned last, and when, and when the next look is due."""
    tx.execute(
        sa.update(bookings)
        .where(bookings.c.id == booking_id)
        .values(reminded=reminded, told_at=told_at, remind_at=next_at)
    )


def remind_customer_anew(tx: sa.Connection, *, address: str, now: datetime) -> None:
    """Let the reminders of a customer's bookings be looked at again."""
    for column in (bookings.c.customer_phone, bookings.c.customer_email):
        _remind_anew(tx, column == address, now=now)


def remind_service_anew(tx: sa.Connection, *, service_id: str, now: datetime) -> None:
    """Let the reminders of a service's bookings be looked at again."""
    _remind_anew(tx, bookings.c.service_id == service_id, now=now)


def _remind_anew(
    tx: sa.Connection, wanted: sa.ColumnElement[bool], *, now: datetime
) -> None:
    is_ahead = sa.and_(
        bookings.c.status == BookingStatus.CONFIRMED, bookings.c.start > now
    )
    tx.execute(sa.update(bookings).where(wanted, is_ahead).values(remind_at=now))
