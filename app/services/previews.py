"""How a message will look and what it will cost: rendered by the very code that sends.

Called by the API and by `preview`; with a real booking, or with the example facts of
its kind. Sends nothing and saves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import sqlalchemy as sa

from app.config import Settings
from app.domain.bookings import Booking
from app.domain.costs import Cost
from app.domain.facts import Facts, missing_names
from app.domain.gsm import SmsSize, sms_size, unfit_for_gsm
from app.domain.recipients import Channel
from app.domain.templates import OwnWords
from app.messages.examples import example_facts
from app.services import bookings, catalogue
from app.services.links import Links
from app.services.planning import address
from app.services.pricing import Tariff
from app.services.wording import Rendered, Wording

#: How much earlier a booking is said to have been, where a preview tells of a move.
_MOVED_BY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A message as its reader will see it."""

    channel: Channel
    rendered: Rendered
    #: Of an SMS alone: its alphabet, its segments, the letters that make it UCS-2.
    size: SmsSize | None
    unfit: tuple[str, ...]
    #: None: nothing that we know.
    cost: Cost | None


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What a message is previewed with: facts, in whose language and zone, to whom."""

    facts: Facts
    locale: str
    timezone: str
    booking: Booking | None = None

    def recipient(self, channel: Channel) -> str | None:
        """Return the address that it would go to; None: nobody's."""
        return address(self.booking.customer, channel) if self.booking else None


def preview(
    wording: Wording,
    tariff: Tariff,
    scene: Scene,
    *,
    kind: str,
    channel: Channel,
    own: OwnWords | None,
) -> Preview:
    """Word a message for trial; raise WordingError where it cannot be worded."""
    rendered = wording.render(
        kind,
        channel,
        scene.facts,
        locale=scene.locale,
        timezone=scene.timezone,
        own=own,
    )
    is_sms, text = channel is Channel.SMS, rendered.text
    return Preview(
        channel=channel,
        rendered=rendered,
        size=sms_size(text) if is_sms else None,
        unfit=unfit_for_gsm(text) if is_sms else (),
        cost=tariff.of_text(channel, text, recipient=scene.recipient(channel)),
    )


def example_scene(
    settings: Settings, kind: str, *, locale: str, timezone: str | None = None
) -> Scene:
    """Return the example of the kind in a language."""
    return Scene(
        facts=example_facts(kind, locale=locale, business_name=settings.business_name),
        locale=locale,
        timezone=timezone or settings.timezone,
    )


def booking_scene(
    tx: sa.Connection, links: Links, usual: Scene, *, kind: str, booking_id: str
) -> Scene:
    """Return a real booking's facts; what it does not tell is the usual scene's.

    Raises NotFoundError where there is no such booking.
    """
    booking = bookings.find(tx, booking_id)
    service = catalogue.find(tx, booking.service_id)
    facts = _facts(
        booking,
        service_name=service.name,
        business_name=usual.facts.business_name,
        manage_url=links.manage_url(booking.id),
    )
    known = {name: usual.facts.get(name) for name in missing_names(kind, facts)}
    if "old_start" in known:
        known["old_start"] = booking.start - _MOVED_BY
    return Scene(
        facts=replace(facts, **known),  # type: ignore[arg-type]  # facts by their name
        locale=booking.customer.locale or usual.locale,
        timezone=booking.customer.timezone or usual.timezone,
        booking=booking,
    )


def _facts(
    booking: Booking, *, service_name: str, business_name: str, manage_url: str
) -> Facts:
    return Facts(
        business_name=business_name,
        customer_name=booking.customer.name,
        service_name=service_name,
        start=booking.start,
        end=booking.end,
        price=booking.price,
        reference=booking.reference,
        manage_url=manage_url,
        party_size=booking.party_size,
    )
