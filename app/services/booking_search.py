"""Finds bookings by status, time, customer or a few letters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.domain.bookings import Booking, BookingStatus
from app.storage import bookings as store
from app.storage.tables import bookings


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which bookings are meant; what is None does not matter."""

    status: BookingStatus | None = None
    #: They start at or after `first` and before `last`.
    first: datetime | None = None
    last: datetime | None = None
    #: An e-mail address or a phone number, in its normal form.
    customer: str | None = None
    #: Part of the customer's name, or the whole reference.
    q: str | None = None


def page(
    tx: sa.Connection, chosen: Filter, *, after: str | None, limit: int
) -> list[Booking]:
    """Return bookings, the newest first, at most `limit`, older than the id `after`."""
    return store.page(tx, where=_conditions(chosen), after=after, limit=limit)


def _conditions(chosen: Filter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if chosen.status is not None:
        conditions.append(bookings.c.status == chosen.status)
    if chosen.first is not None:
        conditions.append(bookings.c.start >= chosen.first)
    if chosen.last is not None:
        conditions.append(bookings.c.start < chosen.last)
    if chosen.customer is not None:
        columns = (bookings.c.customer_email, bookings.c.customer_phone)
        conditions.append(sa.or_(*(column == chosen.customer for column in columns)))
    if chosen.q is not None:
        name = bookings.c.customer_name.icontains(chosen.q, autoescape=True)
        conditions.append(sa.or_(name, bookings.c.reference == chosen.q.upper()))
    return conditions
