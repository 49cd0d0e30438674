"""A booking's own page put together: who looks at it, in which words, what is open.

Used by `manage.py`, which shows it, and `own_forms.py`, which takes what it asks for.
Whoever comes with a link that leads nowhere is a person, and gets a page, too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from zoneinfo import ZoneInfo

from flask import Response, make_response, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.clock import utc_now
from app.domain.bookings import Booking
from app.domain.catalogue import Service
from app.domain.consent import OptOut
from app.domain.formats import Formats, formats_for
from app.domain.own_page import is_over, open_deeds
from app.domain.quiet_hours import Window
from app.domain.recipients import Channel
from app.errors import NotFoundError
from app.messages.phrases import Phrases, languages, phrases_for
from app.services import bookings, catalogue, own_page, quiet_hours
from app.web.context import house, runtime


@dataclass(frozen=True, kw_only=True)
class OwnBooking:
    """The booking behind a link, as its customer reads it."""

    token: str
    booking: Booking
    service: Service
    phrases: Phrases
    formats: Formats
    opt_outs: dict[Channel, OptOut | None]
    #: When the customer is not to be disturbed; None: as the house has it.
    quiet_hours: Window | None

    @property
    def path(self) -> str:
        """Where the page is, also when it is shown in answer to one of its forms."""
        return url_for("manage.show_booking", token=self.token)

    @property
    def zone(self) -> ZoneInfo:
        """The customer's time zone."""
        return ZoneInfo(self.formats.timezone)


def behind_link(
    view: Callable[[OwnBooking], AnyResponse],
) -> Callable[[str], AnyResponse]:
    """Hand a view the booking behind its link, or say why there is none."""

    @functools.wraps(view)
    def with_token(token: str) -> AnyResponse:
        own = _opened(token)
        return own if isinstance(own, Response) else view(own)

    return with_token


def anew(own: OwnBooking) -> OwnBooking:
    """Return the booking as it stands now, after somebody was faster."""
    again = _opened(own.token)
    return again if isinstance(again, OwnBooking) else own


def shown(
    own: OwnBooking, *, notice: str = "", status: HTTPStatus = HTTPStatus.OK
) -> Response:
    """Show the page; `notice` names what is said above it (`own_page` in the words)."""
    return _page(
        "booking.html",
        own.phrases,
        status=status,
        own=own,
        deeds=open_deeds(own.booking, now=utc_now()),
        languages=languages(),
        # E-mails disturb nobody, unless the owner thinks otherwise.
        may_disturb=bool(runtime().policy.quiet_hours.channels & own.opt_outs.keys()),
        notice=notice,
    )


def shown_times(
    own: OwnBooking,
    *,
    notice: str = "",
    status: HTTPStatus = HTTPStatus.OK,
    **chosen: object,
) -> Response:
    """Show the page on which another time is chosen."""
    return _page(
        "move_booking.html",
        own.phrases,
        status=status,
        own=own,
        notice=notice,
        **chosen,
    )


def nothing_to_show(
    why: str, status: HTTPStatus, locale: str | None = None
) -> Response:
    """Show why there is no booking here, and what to do."""
    settings = runtime().settings
    phrases = phrases_for(locale or settings.locale, settings.locale)
    return _page("no_booking.html", phrases, status=status, why=why)


def _opened(token: str) -> OwnBooking | Response:
    try:
        booking_id = house().links.booking_id(token)
    except NotFoundError:
        return nothing_to_show("damaged", HTTPStatus.NOT_FOUND)
    try:
        with runtime().database.read() as tx:
            booking = bookings.find(tx, booking_id)
            service = catalogue.find(tx, booking.service_id)
            opt_outs = own_page.opt_outs(tx, runtime(), booking)
            own_hours = quiet_hours.own_window(tx, booking)
    except NotFoundError:
        return nothing_to_show("gone", HTTPStatus.GONE)
    if is_over(booking, now=utc_now()):
        return nothing_to_show("over", HTTPStatus.GONE, booking.customer.locale)
    settings, customer = runtime().settings, booking.customer
    phrases = phrases_for(customer.locale or settings.locale, settings.locale)
    formats = formats_for(
        locale=phrases.locale, timezone=customer.timezone or settings.timezone
    )
    return OwnBooking(
        token=token,
        booking=booking,
        service=service,
        phrases=phrases,
        formats=formats,
        opt_outs=opt_outs,
        quiet_hours=own_hours,
    )


def _page(
    template: str, phrases: Phrases, *, status: HTTPStatus, **facts: object
) -> Response:
    page = render_template(
        template,
        business_name=runtime().settings.business_name,
        language=phrases.language,
        words=phrases.words["own_page"],
        statuses=phrases.words["statuses"],
        **facts,
    )
    return make_response(page, status)
