"""Opting out of e-mails behind a signed link: by one click, or on a page that asks.

Reached from the header List-Unsubscribe (RFC 8058) and from the foot of e-mails. Only a
POST changes anything: scanners of mail follow every link.
"""

from __future__ import annotations

from http import HTTPStatus

import sqlalchemy as sa
from flask import Blueprint, Response, make_response, render_template

from app.clock import utc_now
from app.domain.consent import How, Said, Scope
from app.domain.recipients import Channel, masked
from app.errors import NotFoundError
from app.messages.phrases import phrases_for
from app.services import consent, dispatch
from app.services.links import Subscriber
from app.web.auth import open_to_all
from app.web.context import house, runtime
from app.web.own_booking import nothing_to_show

pages = Blueprint("unsubscribe", __name__)


@pages.get("/u/<token>")
@open_to_all
def ask(token: str) -> Response:
    """Ask whether the reader really wants to opt out; change nothing."""
    try:
        subscriber = house().links.subscriber(token)
    except NotFoundError:
        return nothing_to_show("damaged", HTTPStatus.NOT_FOUND)
    return _page("question", subscriber)


@pages.post("/u/<token>")
@open_to_all
def unsubscribe(token: str) -> Response:
    """Opt out, for a person or a mailbox: no cookie, no redirect, safe to repeat."""
    try:
        subscriber = house().links.subscriber(token)
    except NotFoundError:
        return nothing_to_show("damaged", HTTPStatus.NOT_FOUND)
    dispatch.perform(runtime(), lambda tx: _opt_out(tx, subscriber))
    return _page("done", subscriber)


def _opt_out(tx: sa.Connection, subscriber: Subscriber) -> None:
    channel, address = Channel.EMAIL, subscriber.address
    if consent.is_suppressed(tx, runtime(), channel=channel, address=address):
        return
    said = Said(channel=channel, address=address, how=How.UNSUBSCRIBE)
    scope = Scope.NONESSENTIAL
    consent.opt_out(tx, runtime(), said, now=utc_now(), scope=scope)


def _page(said: str, subscriber: Subscriber) -> Response:
    settings = runtime().settings
    phrases = phrases_for(subscriber.locale, settings.locale)
    page = render_template(
        "unsubscribe.html",
        business_name=settings.business_name,
        language=phrases.language,
        words=phrases.words["unsubscribe_page"],
        said=said,
        address=masked(Channel.EMAIL, subscriber.address),
    )
    return make_response(page)
