"""Puts bookings into calendars: what an e-mail brings, and what a customer fetches.

Called as an e-mail is worded, and by the customer's page.
"""

from __future__ import annotations

from app.channels.base import Invite
from app.config import Settings
from app.domain.bookings import Booking, BookingStatus
from app.domain.catalogue import Service
from app.domain.invites import Appointment, Mailbox, Method, calendar_file
from app.domain.kinds import Kind
from app.services.facts import SITE_DATA
from app.storage.types import Row

#: What each kind of e-mail asks of the customer's calendar, and while it is true.
_ASKS = {
    Kind.BOOKING_CONFIRMED: (Method.REQUEST, BookingStatus.CONFIRMED),
    Kind.BOOKING_RESCHEDULED: (Method.REQUEST, BookingStatus.CONFIRMED),
    Kind.BOOKING_CANCELLED: (Method.CANCEL, BookingStatus.CANCELLED),
}


def invite_of(settings: Settings, row: Row, *, url: str) -> Invite | None:
    """Return what an e-mail (row of `delivering.find`) brings for calendars, if any.

    The same at every try. A booking that was never confirmed by e-mail stands in no
    calendar, and is not taken out of one.
    """
    if SITE_DATA in row["args"] or row["booking_id"] is None:
        return None
    method, status = _ASKS.get(Kind(row["kind"]), (None, None))
    if method is None or row["booking_status"] != status:
        return None
    if method is Method.CANCEL and row["confirmation_id"] is None:
        return None
    appointment = Appointment(
        booking_id=row["booking_id"],
        # As it was planned: what is told again is nothing new.
        sequence=row["args"].get("sequence", row["sequence"]),
        status=BookingStatus(row["booking_status"]),
        start=row["start"],
        end=row["end"],
        timezone=settings.timezone,
        summary=_summary(row["service_name"], settings),
        reference=row["reference"],
        url=url,
        business=_business(settings),
        customer=Mailbox(name=row["recipient_name"], address=row["recipient"]),
        written_at=row["created_at"],
    )
    return Invite(method=method, content=calendar_file(appointment, method=method))


def calendar_of(
    settings: Settings, booking: Booking, service: Service, *, url: str
) -> str:
    """Return a booking as a file to put into any calendar."""
    appointment = Appointment(
        booking_id=booking.id,
        sequence=booking.sequence,
        status=booking.status,
        start=booking.start,
        end=booking.end,
        timezone=settings.timezone,
        summary=_summary(service.name, settings),
        reference=booking.reference,
        url=url,
        business=_business(settings),
        written_at=booking.updated_at,
    )
    return calendar_file(appointment, method=Method.PUBLISH)


def _summary(service_name: str, settings: Settings) -> str:
    return f"{service_name} – {settings.business_name}"  # noqa: RUF001 - a dash is meant


def _business(settings: Settings) -> Mailbox:
    """Name the business by the sender of its e-mails, as mail programs expect."""
    # Only who makes such a file needs what is made for e-mails.
    from app.channels.email_message import house_sender  # noqa: PLC0415 - see above

    address = house_sender(settings).address
    return Mailbox(name=settings.business_name, address=address)
