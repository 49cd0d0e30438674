"""What a message costs: exact amounts, prices by country, and how many are billed.

Pure. A price of 0.0083 dollars has no place in whole cents, so costs are counted in
millionths; `Money` is for what customers pay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from app.domain.gsm import sms_size
from app.domain.money import Money, check_currency, minor_digits
from app.domain.recipients import Channel

#: Parts of a currency's main unit that costs are counted in.
MICROS = 1_000_000
#: Stands for every country that a price list does not name.
EVERYWHERE = "other"
#: Above any budget of ours, and safe in every database.
_MOST = 10**9 * MICROS
_WRITTEN = re.compile(r"(\d{1,10}(?:\.\d{1,6})?) ([A-Z]{3})", re.ASCII)


@dataclass(frozen=True)
class Cost:
    """An exact amount: `Cost(8300, "USD")` is 0.0083 dollars."""

    micros: int
    currency: str

    def times(self, count: int) -> Cost:
        """Return what so many cost."""
        return Cost(self.micros * count, self.currency)

    @property
    def rounded(self) -> Money:
        """The amount in whole minor units, as money is written elsewhere."""
        digits = minor_digits(self.currency)
        amount = Decimal(self.micros).scaleb(digits - 6)
        return Money(int(amount.quantize(Decimal(1), ROUND_HALF_UP)), self.currency)


#: Prices of a segment, or of a message, by provider, channel and country.
PriceList = Mapping[str, Mapping[Channel, Mapping[str, Cost]]]


def read_cost(value: object) -> Cost:
    """Read `0.0083 USD`; raise ValueError with an example."""
    cost = listed_cost(value)
    check_currency(cost.currency)
    return cost


def listed_cost(value: object) -> Cost:
    """Read a cost of our own list, whose currencies need no look at Babel's tables."""
    found = _WRITTEN.fullmatch(str(value).strip())
    if found is None:
        raise ValueError("is no price; write an amount and a currency: 0.0746 EUR")
    micros = int(Decimal(found[1]) * MICROS)
    if micros > _MOST:
        raise ValueError("is more than anybody spends on messages")
    return Cost(micros, found[2])


def read_limit(value: object) -> Cost | None:
    """Read `20 EUR`, or `0` for no limit; raise ValueError with an example."""
    if value is None or str(value).strip() == "0":
        return None
    try:
        return read_cost(value)
    except ValueError:
        raise ValueError("is no limit; write 20 EUR, or 0 for none") from None


def write_cost(cost: Cost) -> str:
    """Write a cost as `read_cost` reads it, without idle zeros."""
    amount = f"{Decimal(cost.micros) / MICROS:f}"
    return f"{amount} {cost.currency}"


def price_of(
    prices: PriceList, *, provider: str, channel: Channel, country: str | None
) -> Cost | None:
    """Return what one segment (or message) costs there; None: it has no price."""
    known = prices.get(provider, {}).get(channel, {})
    return known.get(country or EVERYWHERE) or known.get(EVERYWHERE)


def has_price(prices: PriceList, *, provider: str, channel: Channel) -> bool:
    """Tell whether messages of the provider cost anything anywhere."""
    known = prices.get(provider, {}).get(channel, {})
    return any(price.micros for price in known.values())


def units_of(channel: Channel, text: str) -> int:
    """Return how often a message is billed: an SMS by the segment."""
    return sms_size(text).segments if channel is Channel.SMS else 1
