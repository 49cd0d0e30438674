"""What a customer may do on their booking's own page, and for how long it is there.

Pure; asked by the page, and again by each deed in its transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.bookings import MOVABLE, Booking, BookingStatus

#: A link goes on working so long after the appointment. It holds no date itself: it is
#: the same in every message, and a booking that moves takes its link along.
LINK_LIVES = timedelta(days=30)


class Deed(StrEnum):
    """What a customer may do."""

    COME = "come"  # say that they will come
    MOVE = "move"  # to another free time
    CANCEL = "cancel"


class Amount(StrEnum):
    """How much a customer wants to be sent over a channel."""

    LESS = "less"  # only what must be known
    ALL = "all"


def is_over(booking: Booking, *, now: datetime) -> bool:
    """Tell whether the link to a booking's page works no more."""
    return now >= booking.end + LINK_LIVES


def open_deeds(booking: Booking, *, now: datetime) -> frozenset[Deed]:
    """Return what the customer may do just now: nothing, once it has begun."""
    if booking.status not in MOVABLE or booking.start <= now:
        return frozenset()
    deeds = {Deed.MOVE, Deed.CANCEL}
    is_confirmed = booking.status is BookingStatus.CONFIRMED
    if is_confirmed and booking.attendance_confirmed_at is None:
        deeds.add(Deed.COME)
    return frozenset(deeds)
