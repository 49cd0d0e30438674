"""A booking as a file for calendars, behind the signed link of its own page.

Linked from that page. A link that leads nowhere, or has expired, is explained there.
"""

from __future__ import annotations

from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.clock import utc_now
from app.domain.own_page import is_over
from app.errors import NotFoundError
from app.services import bookings, catalogue
from app.services.invitations import calendar_of
from app.web.auth import open_to_all
from app.web.context import house, runtime

pages = Blueprint("calendar", __name__)


@pages.get("/b/<token>/calendar.ics")
@open_to_all
def calendar_file(token: str) -> AnyResponse:
    """Return the booking that the link is about, to put into any calendar."""
    links, settings = house().links, runtime().settings
    try:
        booking_id = links.booking_id(token)
        with runtime().database.read() as tx:
            booking = bookings.find(tx, booking_id)
            service = catalogue.find(tx, booking.service_id)
    except NotFoundError:
        return _explained(token)
    if is_over(booking, now=utc_now()):
        return _explained(token)
    url = links.manage_url(booking.id)
    content = calendar_of(settings, booking, service, url=url)
    answer = Response(content, content_type="text/calendar; charset=utf-8")
    name = f"{booking.reference}.ics"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _explained(token: str) -> AnyResponse:
    return redirect(url_for("manage.show_booking", token=token))
