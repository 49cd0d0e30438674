"""Which starts of a service are free: reads what is taken, leaves sums to domain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

import sqlalchemy as sa

from app.domain.availability import Offer, offers, places_left
from app.domain.bookings import Booking
from app.domain.catalogue import Service
from app.storage import bookings as store

#: How far ahead a refused customer is offered other times, and how many.
LOOK_AHEAD = timedelta(days=7)
ALTERNATIVES = 3


def free_starts(
    tx: sa.Connection,
    service: Service,
    *,
    window: tuple[datetime, datetime],
    now: datetime,
    but_not: str | None = None,
) -> Iterator[Offer]:
    """Yield the free starts of a service in the window, past ones left out.

    `but_not`: a booking that is to be moved, and takes up nothing.
    """
    first, last = window
    taken = store.taken(
        tx,
        service_id=service.id,
        window=(first, last + service.duration + service.buffer),
        now=now,
        but_not=but_not,
    )
    found = offers(
        taken,
        window=window,
        duration=service.duration,
        buffer=service.buffer,
        capacity=service.capacity,
    )
    return (offer for offer in found if offer.start > now)


def places_left_for(
    tx: sa.Connection, service: Service, booking: Booking, *, now: datetime
) -> int:
    """Return how many places are free at a booking's time, its own not counted."""
    end = booking.end + service.buffer
    window = (booking.start, end)
    taken = store.taken(
        tx, service_id=service.id, window=window, now=now, but_not=booking.id
    )
    return places_left(taken, start=booking.start, end=end, capacity=service.capacity)


def alternatives(
    tx: sa.Connection, service: Service, booking: Booking, *, now: datetime
) -> list[datetime]:
    """Return the next few starts, from the wanted one on, with places enough."""
    window = (booking.start, booking.start + LOOK_AHEAD)
    free = free_starts(tx, service, window=window, now=now, but_not=booking.id)
    enough = (o.start for o in free if o.places_left >= booking.party_size)
    return list(islice(enough, ALTERNATIVES))
