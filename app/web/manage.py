"""A booking's own page behind a signed link: what is booked, in the customer's time.

Reached from messages; plain forms, no script, nothing of anybody else. What its forms
ask for is done by `own_forms.py`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from http import HTTPStatus

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.clock import utc_now
from app.domain.own_page import Deed, open_deeds
from app.services import own_page
from app.web.auth import open_to_all
from app.web.context import runtime
from app.web.own_booking import (
    OwnBooking,
    behind_link,
    nothing_to_show,
    shown,
    shown_times,
)

pages = Blueprint("manage", __name__)


@pages.get("/b/")
@open_to_all
def no_link() -> Response:
    """Say that a part of the link was lost on its way."""
    return nothing_to_show("damaged", HTTPStatus.NOT_FOUND)


@pages.get("/b/<token>")
@open_to_all
@behind_link
def show_booking(own: OwnBooking) -> Response:
    """Show the booking that the link is about."""
    # After a form. Nobody is told that something is saved by a link that says so.
    is_saved = request.args.get("saved") == str(own.booking.revision)
    return shown(own, notice="saved" if is_saved else "")


@pages.get("/b/<token>/move")
@open_to_all
@behind_link
def choose_time(own: OwnBooking) -> Response:
    """Show the free times of a day to which the booking may be moved."""
    if Deed.MOVE not in open_deeds(own.booking, now=utc_now()):
        return shown(own, notice="too_late", status=HTTPStatus.CONFLICT)
    try:
        given = request.args.get("day", "")
        day = date.fromisoformat(given) if given else _own_day(own)
    except ValueError:
        return free_times(
            own, _own_day(own), notice="bad_day", status=HTTPStatus.UNPROCESSABLE_ENTITY
        )
    return free_times(own, day)


@pages.get("/b/<token>/")
@pages.get("/b/<token>/<path:rest>")
@open_to_all
def lead_back(token: str, rest: str = "") -> AnyResponse:  # noqa: ARG001 - wherever
    """Lead to the page whoever fetches the address of one of its forms."""
    return redirect(url_for("manage.show_booking", token=token))


def free_times(
    own: OwnBooking,
    day: date,
    *,
    notice: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    """Show a day's free times."""
    now = utc_now()
    today = now.astimezone(own.zone).date()
    usual = datetime.combine(day, own.booking.start.astimezone(own.zone).time())
    usual = usual.replace(tzinfo=own.zone)
    with runtime().database.read() as tx:
        starts = own_page.starts_on(tx, own.booking, day, zone=own.zone, now=now)
    return shown_times(
        own,
        notice=notice,
        status=status,
        day=day,
        starts=starts,
        nearest=min(starts, key=lambda start: abs(start - usual), default=None),
        first_day=today,
        last_day=today + timedelta(days=own_page.DAYS_AHEAD),
    )


def _own_day(own: OwnBooking) -> date:
    return own.booking.start.astimezone(own.zone).date()
