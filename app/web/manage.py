"""A booking's own page behind a signed link: what is booked, in the customer's time.

Reached from messages; shows and changes nothing but this one booking's facts. Who
comes with a link that leads nowhere is a person, and gets a page, too.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, make_response, render_template

from app.domain.formats import formats_for
from app.errors import NotFoundError
from app.services import bookings, catalogue
from app.web.auth import open_to_all
from app.web.context import house, runtime

pages = Blueprint("manage", __name__)


@pages.get("/b/<token>")
@open_to_all
def show_booking(token: str) -> Response:
    """Show the booking that the link is about."""
    try:
        booking_id = house().links.booking_id(token)
    except NotFoundError:
        return _nothing_to_show("damaged", HTTPStatus.NOT_FOUND)
    settings = runtime().settings
    try:
        with runtime().database.read() as tx:
            booking = bookings.find(tx, booking_id)
            service = catalogue.find(tx, booking.service_id)
    except NotFoundError:
        return _nothing_to_show("gone", HTTPStatus.GONE)
    formats = formats_for(
        locale=booking.customer.locale or settings.locale,
        timezone=booking.customer.timezone or settings.timezone,
    )
    page = render_template(
        "booking.html",
        business_name=settings.business_name,
        booking=booking,
        service=service,
        formats=formats,
    )
    return make_response(page)


def _nothing_to_show(why: str, status: HTTPStatus) -> Response:
    name = runtime().settings.business_name
    page = render_template("no_booking.html", business_name=name, why=why)
    return make_response(page, status)
