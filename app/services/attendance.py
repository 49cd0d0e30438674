"""The customer says that they will come: by reply, or on their own page.

Called through `dispatch.perform`, as the other deeds on bookings are.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from app.domain.bookings import Booking, BookingStatus
from app.domain.events import Event
from app.errors import ConflictError
from app.runtime import Runtime
from app.services.events import tell
from app.storage import bookings as store


def confirm_attendance(
    tx: sa.Connection, runtime: Runtime, booking: Booking, *, now: datetime
) -> Booking:
    """Note that the customer will come; a second time changes nothing.

    Raises ConflictError where there is nothing to come to. A move to another time
    forgets it.
    """
    if booking.status is not BookingStatus.CONFIRMED or booking.start <= now:
        raise ConflictError(
            "Only a confirmed booking that has not begun can be confirmed by its "
            f"customer; it is {booking.status.replace('_', ' ')}."
        )
    if booking.attendance_confirmed_at is not None:
        return booking
    booking = store.change(tx, booking, now=now, attendance_confirmed_at=now)
    tell(tx, runtime, Event.BOOKING_ATTENDANCE_CONFIRMED, booking, now=now)
    return booking
