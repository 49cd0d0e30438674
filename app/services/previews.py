"""How a message will look and how long it is: rendered by the very code that sends.

Called by the API and by `preview`; with a real booking, or with the example facts of
its kind. Sends nothing and saves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import sqlalchemy as sa

from app.domain.bookings import Booking
from app.domain.facts import Facts, missing_names
from app.domain.gsm import SmsSize, sms_size, unfit_for_gsm
from app.domain.recipients import Channel
from app.domain.templates import OwnWords, TemplateKey
from app.messages.examples import example_facts
from app.runtime import Runtime
from app.services import bookings, catalogue
from app.services.links import Links
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


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What a message is previewed with: facts, and in whose language and zone."""

    facts: Facts
    locale: str
    timezone: str


def preview(
    wording: Wording, key: TemplateKey, scene: Scene, *, own: OwnWords | None
) -> Preview:
    """Word a message for trial; raise WordingError where it cannot be worded."""
    rendered = wording.render(
        key.kind,
        key.channel,
        scene.facts,
        locale=scene.locale,
        timezone=scene.timezone,
        own=own,
    )
    is_sms = key.channel is Channel.SMS
    return Preview(
        channel=key.channel,
        rendered=rendered,
        size=sms_size(rendered.text) if is_sms else None,
        unfit=unfit_for_gsm(rendered.text) if is_sms else (),
    )


def example_scene(runtime: Runtime, key: TemplateKey) -> Scene:
    """Return the example of the kind, read in the text's own language."""
    settings = runtime.settings
    facts = example_facts(
        key.kind, locale=key.language, business_name=settings.business_name
    )
    return Scene(facts=facts, locale=key.language, timezone=settings.timezone)


def booking_scene(
    tx: sa.Connection,
    runtime: Runtime,
    links: Links,
    key: TemplateKey,
    *,
    booking_id: str,
) -> Scene:
    """Return a real booking's facts; what it does not tell is the example's.

    Raises NotFoundError where there is no such booking.
    """
    booking = bookings.find(tx, booking_id)
    service = catalogue.find(tx, booking.service_id)
    usual = example_scene(runtime, key)
    facts = _facts(
        booking,
        service_name=service.name,
        business_name=runtime.settings.business_name,
        manage_url=links.manage_url(booking.id),
    )
    known = {name: usual.facts.get(name) for name in missing_names(key.kind, facts)}
    if "old_start" in known:
        known["old_start"] = booking.start - _MOVED_BY
    return Scene(
        facts=replace(facts, **known),  # type: ignore[arg-type]  # facts by their name
        locale=booking.customer.locale or key.language,
        timezone=booking.customer.timezone or usual.timezone,
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
