"""A booking's own page behind a signed link: what is booked, in the customer's time.

Reached from messages; shows and changes nothing but this one booking's facts.
"""

from __future__ import annotations

from flask import Blueprint, render_template

from app.domain.formats import formats_for
from app.services import bookings, catalogue
from app.web.auth import open_to_all
from app.web.context import house, runtime

pages = Blueprint("manage", __name__)


@pages.get("/b/<token>")
@open_to_all
def show_booking(token: str) -> str:
    """Show the booking that the link is about."""
    settings = runtime().settings
    with runtime().database.read() as tx:
        booking = bookings.find(tx, house().links.booking_id(token))
        service = catalogue.find(tx, booking.service_id)
    formats = formats_for(
        locale=booking.customer.locale or settings.locale,
        timezone=booking.customer.timezone or settings.timezone,
    )
    return render_template(
        "booking.html",
        business_name=settings.business_name,
        booking=booking,
        service=service,
        formats=formats,
    )
