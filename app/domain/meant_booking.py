"""Which booking a customer means who writes YES, C or LATE, and whether it is in time.

Decided for `services/replies.py` among the bookings under the number that wrote.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.bookings import Booking, BookingStatus
from app.domain.keywords import Meaning

#: Of a booking that was never paid only the staff can tell more.
_KNOWN = frozenset(
    {
        BookingStatus.CONFIRMED,
        BookingStatus.CANCELLED,
        BookingStatus.COMPLETED,
        BookingStatus.NO_SHOW,
    }
)
#: Nobody is late for what begins later than this.
LATE_FOR = timedelta(hours=24)
#: Whoever cancels what has begun within this time is told so.
BEGAN_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Meant:
    """One booking, or several that may be meant, or none."""

    booking: Booking | None = None
    several: Sequence[Booking] = ()


def meant(
    bookings: Sequence[Booking],
    *,
    meaning: Meaning,
    reference: str | None,
    told: Collection[str],
    now: datetime,
) -> Meant:
    """Return which of a customer's bookings is meant.

    `told`: the ids of those of which we have written to the customer lately; of
    several that are ahead, the one of these is meant.
    """
    if reference is not None:
        named = [b for b in bookings if b.reference == reference and b.status in _KNOWN]
        return Meant(booking=named[0] if named else None)
    ahead = [b for b in bookings if _may_be_meant(b, meaning, now)]
    ahead.sort(key=lambda b: b.start)
    if len(ahead) > 1:
        answered = [b for b in ahead if b.id in told]
        ahead = answered if len(answered) == 1 else ahead
    if len(ahead) > 1:
        return Meant(several=ahead)
    if ahead:
        return Meant(booking=ahead[0])
    return Meant(booking=_too_late_for(bookings, now))


def _may_be_meant(booking: Booking, meaning: Meaning, now: datetime) -> bool:
    if booking.status is not BookingStatus.CONFIRMED:
        return False
    if meaning is Meaning.LATE:
        return booking.start < now + LATE_FOR and booking.end > now
    return booking.start > now


def _too_late_for(bookings: Sequence[Booking], now: datetime) -> Booking | None:
    """Return the booking that was cancelled before, or has begun, if there is one."""
    over = [b for b in bookings if b.start > now - BEGAN_WITHIN and _is_over(b, now)]
    return min(over, key=lambda b: abs(b.start - now), default=None)


def _is_over(booking: Booking, now: datetime) -> bool:
    if booking.status is BookingStatus.CANCELLED:
        return booking.start > now
    return booking.status is BookingStatus.CONFIRMED and booking.start <= now
