"""What a message will cost, before it is sent: for previews and forecasts.

Called by `previews.py` and `cost_reports.py`; what was sent is priced by `costs.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.config import Settings
from app.domain.costs import Cost, PriceList, has_price, price_of, units_of
from app.domain.recipients import Channel, country_of
from app.policy import Policy


@dataclass(frozen=True, kw_only=True)
class Tariff:
    """The price list, who stands behind each channel, and where the business is."""

    prices: PriceList
    providers: Mapping[Channel, str]
    country: str | None

    def of_one(self, channel: Channel, *, recipient: str | None = None) -> Cost | None:
        """Return the price of a segment or message; None: it costs nothing we know.

        Without a recipient: in the country of the business.
        """
        provider = self.providers[channel]
        if not has_price(self.prices, provider=provider, channel=channel):
            return None
        is_phone = recipient is not None and channel is not Channel.EMAIL
        country = country_of(recipient) if recipient and is_phone else self.country
        return price_of(
            self.prices, provider=provider, channel=channel, country=country
        )

    def of_text(
        self, channel: Channel, text: str, *, recipient: str | None = None
    ) -> Cost | None:
        """Return what a text would cost; None: nothing that we know."""
        price = self.of_one(channel, recipient=recipient)
        return price and price.times(units_of(channel, text))


def tariff_of(
    settings: Settings, policy: Policy, modes: Mapping[Channel, str]
) -> Tariff:
    """Return the tariff of a house as it sends now."""
    return Tariff(
        prices=policy.prices,
        providers={channel: str(mode) for channel, mode in modes.items()},
        country=settings.phone_region,
    )
