"""Lists bookings by status, time, customer or a few letters, the newest first.

Called by the API. Each filter goes by an index of its own; only part of a name is
looked for booking by booking, some thousands a request (`storage/paging.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.domain.bookings import Booking, BookingStatus
from app.storage import paging
from app.storage.bookings import booking_of
from app.storage.tables import bookings

#: So many ids are sorted; of more, some will be met soon on the way down.
MANY = 50_000

#: Bookings, and the id before which the next page goes on.
Page = paging.Page[Booking, str]
Keys = Callable[[str | None, int], Sequence[str]]


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


def look(tx: sa.Connection, chosen: Filter, *, after: str | None, limit: int) -> Page:
    """Return bookings, the newest first, at most `limit`, older than the id `after`.

    Where few suit the filter there may be fewer, or none, before the list ends.
    """
    conditions = _conditions(chosen)

    def suitable(ids: Sequence[str], most: int) -> list[Booking]:
        query = sa.select(bookings).where(bookings.c.id.in_(ids), *conditions)
        query = query.order_by(bookings.c.id.desc()).limit(most)
        return [booking_of(row) for row in tx.execute(query).mappings()]

    return paging.fill(
        keys=_keys(tx, chosen),
        rows_of=suitable,
        key_of=lambda booking: booking.id,
        after=after,
        limit=limit,
    )


def _keys(tx: sa.Connection, chosen: Filter) -> Keys:
    """Return how the ids of what may be meant are found."""
    if chosen.q is not None and (booking_id := _with_reference(tx, chosen.q)):
        # Who types a whole reference means that booking, and nobody of that name.
        return lambda before, _count: [] if before else [booking_id]
    if chosen.customer is not None:
        customer = chosen.customer
        return lambda before, count: _of_customer(tx, customer, before, count)
    placed = _placed(chosen)
    if placed and not _are_many(tx, placed):
        return lambda before, count: _sorted(tx, placed, before, count)
    return lambda before, count: _downwards(tx, before, count)


def _conditions(chosen: Filter) -> list[sa.ColumnElement[bool]]:
    conditions = _placed(chosen, of=paging.by_row)
    if chosen.customer is not None:
        columns = (bookings.c.customer_email, bookings.c.customer_phone)
        same = (paging.by_row(column) == chosen.customer for column in columns)
        conditions.append(sa.or_(*same))
    if chosen.q is not None:
        name = bookings.c.customer_name.icontains(chosen.q, autoescape=True)
        conditions.append(sa.or_(name, bookings.c.reference == chosen.q.upper()))
    return conditions


def _placed(
    chosen: Filter,
    *,
    of: paging.Reading = paging.by_index,
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that the indexes of status and start know."""
    start = of(bookings.c.start)
    conditions: list[sa.ColumnElement[bool]] = []
    if chosen.status is not None:
        conditions.append(of(bookings.c.status) == chosen.status)
    if chosen.first is not None:
        conditions.append(start >= chosen.first)
    if chosen.last is not None:
        conditions.append(start < chosen.last)
    return conditions


#: Keeps a database from going down the ids themselves, where it would meet all others.
_SORTED_ID = sa.func.coalesce(bookings.c.id, "")


def _are_many(tx: sa.Connection, placed: Sequence[sa.ColumnElement[bool]]) -> bool:
    some = sa.select(bookings.c.start).where(*placed).limit(MANY + 1).subquery()
    query = sa.select(sa.func.count()).select_from(some)
    return int(tx.execute(query).scalar_one()) > MANY


def _sorted(
    tx: sa.Connection,
    placed: Sequence[sa.ColumnElement[bool]],
    before: str | None,
    count: int,
) -> Sequence[str]:
    query = sa.select(bookings.c.id).where(*placed).order_by(_SORTED_ID.desc())
    if before is not None:
        query = query.where(before > _SORTED_ID)
    return tx.execute(query.limit(count)).scalars().all()


def _downwards(tx: sa.Connection, before: str | None, count: int) -> Sequence[str]:
    query = sa.select(bookings.c.id).order_by(bookings.c.id.desc()).limit(count)
    if before is not None:
        query = query.where(bookings.c.id < before)
    return tx.execute(query).scalars().all()


def _of_customer(
    tx: sa.Connection, customer: str, before: str | None, count: int
) -> Sequence[str]:
    found: set[str] = set()
    for column in (bookings.c.customer_email, bookings.c.customer_phone):
        found.update(_sorted(tx, [column == customer], before, count))
    return sorted(found, reverse=True)[:count]


def _with_reference(tx: sa.Connection, reference: str) -> str | None:
    query = sa.select(bookings.c.id).where(bookings.c.reference == reference.upper())
    return tx.execute(query).scalar_one_or_none()
