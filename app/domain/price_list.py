"""What providers charge where an owner has not said: rounded, and only to begin with.

From public lists of early 2026, without carrier fees, rents and taxes. Check your
contract, and write your own prices into `bellhop.toml` (docs/money.md).
"""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.costs import PriceList, listed_cost
from app.domain.recipients import Channel

#: When these were looked at: told wherever they are shown.
AS_OF = "early 2026"

#: By provider, channel and country (ISO 3166); `other` is the rest.
_WRITTEN: Mapping[str, Mapping[Channel, Mapping[str, str]]] = {
    "twilio": {
        Channel.SMS: {
            **dict.fromkeys(("US", "CA"), "0.0083 USD"),
            **dict.fromkeys(("GB", "AU"), "0.055 USD"),
            **dict.fromkeys(("ES", "FR", "IN"), "0.085 USD"),
            "other": "0.11 USD",
        },
        # Meta's fee for a utility template, and half a cent for Twilio.
        Channel.WHATSAPP: {
            **dict.fromkeys(("US", "CA"), "0.009 USD"),
            "BR": "0.0135 USD",
            "IN": "0.0065 USD",
            "ES": "0.025 USD",
            "GB": "0.027 USD",
            "other": "0.06 USD",
        },
    },
    "meta": {
        Channel.WHATSAPP: {
            **dict.fromkeys(("US", "CA"), "0.004 USD"),
            "BR": "0.0085 USD",
            "IN": "0.0015 USD",
            "ES": "0.02 USD",
            "GB": "0.022 USD",
            "other": "0.055 USD",
        },
    },
    # It tells its own price with every answer; these are for what is planned.
    "vonage": {
        Channel.SMS: {"US": "0.008 EUR", "GB": "0.045 EUR", "other": "0.09 EUR"}
    },
}

#: What one of each is worth in euros, roughly: a budget may be in another currency than
#: a provider's bill.
IN_EUROS: Mapping[str, float] = {
    "EUR": 1.0,
    "USD": 0.88,
    "GBP": 1.15,
    "CHF": 1.06,
    "CAD": 0.63,
    "AUD": 0.57,
    "BRL": 0.16,
    "MXN": 0.047,
    "INR": 0.0101,
    "PLN": 0.235,
    "SEK": 0.09,
}

PRICES: PriceList = {
    provider: {
        channel: {country: listed_cost(price) for country, price in prices.items()}
        for channel, prices in channels.items()
    }
    for provider, channels in _WRITTEN.items()
}
