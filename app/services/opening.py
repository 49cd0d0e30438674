"""Builds what messages are worded and delivered with; called by the entry points."""

from __future__ import annotations

from collections.abc import Mapping

from app.channels.base import Provider
from app.channels.table import open_providers
from app.config import Settings
from app.domain.costs import PriceList, has_price
from app.domain.recipients import Channel, country_of
from app.runtime import Runtime
from app.services.courier import Courier
from app.services.links import Links
from app.services.whatsapp import check_templates
from app.services.wording import Wording


def open_courier(runtime: Runtime, *, boot_id: str, worker: str) -> Courier:
    """Make a courier: its providers connect when they first send.

    Raises ConfigError for a WhatsApp template that cannot be filled.
    """
    settings = runtime.settings
    wording = open_wording(settings)
    check_templates(settings, runtime.policy.whatsapp, wording)
    providers = open_providers(settings)
    _load_countries(runtime.policy.prices, providers)
    return Courier(
        runtime=runtime,
        providers=providers,
        wording=wording,
        links=Links(runtime),
        boot_id=boot_id,
        worker=worker,
    )


def _load_countries(
    prices: PriceList, providers: Mapping[Channel, tuple[Provider, ...]]
) -> None:
    """Load what tells a number's country, where messages cost something.

    It takes tens of milliseconds, and the first message would wait for it.
    """
    for channel, served in providers.items():
        if any(has_price(prices, provider=it.name, channel=channel) for it in served):
            country_of("+1")
            return


def open_wording(settings: Settings) -> Wording:
    """Make the words of the business: its language, its time zone."""
    return Wording(business_locale=settings.locale, business_timezone=settings.timezone)
