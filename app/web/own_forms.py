"""What the forms of a booking's own page ask for: come, move, cancel, less, all again.

The token in the path is what nobody else knows: there is no cookie that another site
could ride on. After each form the page is fetched anew, and shows what really holds;
where somebody was faster it says so (409).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus

import sqlalchemy as sa
from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.clock import utc_now
from app.domain.bookings import Booking
from app.domain.own_page import Amount
from app.domain.quiet_hours import parse_window
from app.domain.recipients import Channel
from app.errors import ConflictError, PlaceTakenError
from app.messages.phrases import languages
from app.services import dispatch, own_page, quiet_hours
from app.web.auth import open_to_all
from app.web.context import runtime
from app.web.manage import free_times
from app.web.own_booking import OwnBooking, anew, behind_link, shown

pages = Blueprint("own_forms", __name__)


@pages.before_request
def refuse_other_sites() -> Response | None:
    """Refuse a form that stands on another site, whatever it knows."""
    if request.headers.get("Sec-Fetch-Site", "") == "cross-site":
        return Response("This form stands on another site.", HTTPStatus.FORBIDDEN)
    return None


@pages.post("/b/<token>/come")
@open_to_all
@behind_link
def come(own: OwnBooking) -> AnyResponse:
    """Note that the customer will come."""

    def note(tx: sa.Connection) -> Booking:
        return own_page.come(tx, runtime(), own.booking.id, now=utc_now())

    return _changed(own, note)


@pages.post("/b/<token>/cancel")
@open_to_all
@behind_link
def cancel(own: OwnBooking) -> AnyResponse:
    """Cancel the booking."""

    def call_off(tx: sa.Connection) -> Booking:
        return own_page.cancel(tx, runtime(), own.booking.id, now=utc_now())

    return _changed(own, call_off)


@pages.post("/b/<token>/move")
@open_to_all
@behind_link
def move(own: OwnBooking) -> AnyResponse:
    """Move the booking to the time that was chosen."""
    start = _chosen_start()
    if start is None:
        return _not_chosen(own)

    def put(tx: sa.Connection) -> Booking:
        booking_id, now = own.booking.id, utc_now()
        return own_page.move(
            tx, runtime(), booking_id, start=start, zone=own.zone, now=now
        )

    try:
        return _changed(own, put)
    except PlaceTakenError:
        day = start.astimezone(own.zone).date()
        return free_times(own, day, notice="taken", status=HTTPStatus.CONFLICT)


@pages.post("/b/<token>/wishes")
@open_to_all
@behind_link
def wishes(own: OwnBooking) -> AnyResponse:
    """Take the language and the channels that the customer likes best."""
    language = request.form.get("language", "")
    ticked = request.form.getlist("channel")
    channels = frozenset(c for c in own_page.ways_to(own.booking) if c in ticked)
    if language not in languages() or not channels:
        notice = "bad_wishes"
        return shown(own, notice=notice, status=HTTPStatus.UNPROCESSABLE_ENTITY)

    def choose(tx: sa.Connection) -> Booking:
        return own_page.choose(
            tx, own.booking.id, language=language, channels=channels, now=utc_now()
        )

    return _changed(own, choose)


@pages.post("/b/<token>/quiet")
@open_to_all
@behind_link
def quiet(own: OwnBooking) -> AnyResponse:
    """Take the hours in which the customer is not to be disturbed; empty: no own."""
    begin, end = (request.form.get(name, "") for name in ("from", "until"))
    try:
        window = parse_window(f"{begin}-{end}") if begin or end else None
    except ValueError:
        return shown(own, notice="bad_hours", status=HTTPStatus.UNPROCESSABLE_ENTITY)

    def choose(tx: sa.Connection) -> None:
        quiet_hours.choose(tx, own.booking, window, now=utc_now())

    dispatch.perform(runtime(), choose)
    return _back(own)


@pages.post("/b/<token>/messages")
@open_to_all
@behind_link
def messages(own: OwnBooking) -> AnyResponse:
    """Send less over a channel, or everything again."""
    channel, amount = (request.form.get(name, "") for name in ("channel", "send"))
    if channel not in own.opt_outs or amount not in set(Amount):
        return shown(own, status=HTTPStatus.UNPROCESSABLE_ENTITY)

    def send(tx: sa.Connection) -> None:
        own_page.send(
            tx,
            runtime(),
            own.booking.id,
            channel=Channel(channel),
            amount=Amount(amount),
            now=utc_now(),
        )

    dispatch.perform(runtime(), send)
    return _back(own)


def _changed(
    own: OwnBooking, change: Callable[[sa.Connection], Booking]
) -> AnyResponse:
    """Do it, and send the browser to the page; else show how the booking stands."""
    try:
        booking = dispatch.perform(runtime(), change)
    except PlaceTakenError:
        raise
    except ConflictError:
        return shown(anew(own), notice="too_late", status=HTTPStatus.CONFLICT)
    return _back(own, saved=booking.revision)


def _chosen_start() -> datetime | None:
    """Read the time that was chosen; None where it is none that may be offered."""
    try:
        start = datetime.fromisoformat(request.form.get("start", ""))
    except ValueError:
        return None
    if start.tzinfo is None:
        return None
    ahead = start - utc_now()
    return start if abs(ahead) <= timedelta(days=own_page.DAYS_AHEAD + 1) else None


def _not_chosen(own: OwnBooking) -> Response:
    day = own.booking.start.astimezone(own.zone).date()
    return free_times(
        own, day, notice="bad_time", status=HTTPStatus.UNPROCESSABLE_ENTITY
    )


def _back(own: OwnBooking, *, saved: int | None = None) -> AnyResponse:
    page = url_for("manage.show_booking", token=own.token, saved=saved)
    return redirect(page, HTTPStatus.SEE_OTHER)
