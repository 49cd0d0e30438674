"""Money: a whole number of a currency's minor unit (cents, yen, fils), never a float.

Used by bookings, payments, the API and the words we send; `formats.py` prints it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

#: The largest amount we take: far above any booking, safe in every database and JSON.
MAX_AMOUNT = 10**12
#: Digits after the decimal point that ISO 4217 gives a currency, where it is not two.
#: Payment providers count by it. Unicode's table (Babel's) counts the digits that are
#: *shown* (Serbian dinars: none), and would make some prices a hundred times too high.
MINOR_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"), 0),
    **dict.fromkeys(("PYG", "RWF", "UGX", "UYI", "VND", "VUV"), 0),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


@dataclass(frozen=True)
class Money:
    """An amount in minor units and its ISO 4217 currency: `Money(4500, "EUR")`."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int or not 0 <= self.amount <= MAX_AMOUNT:
            raise ValueError(
                "the amount must be a whole number of minor units (4500 is 45.00 EUR)"
            )
        check_currency(self.currency)

    @property
    def major(self) -> Decimal:
        """The amount in the currency's main unit: 45.00 for 4500 cents."""
        return Decimal(self.amount).scaleb(-minor_digits(self.currency))


def check_currency(code: str) -> str:
    """Return the code of a currency; raise ValueError for what is none."""
    if code not in _currencies():
        raise ValueError(f"{code!r} is not a currency: write its code, for example EUR")
    return code


def minor_digits(currency: str) -> int:
    """Return how many digits ISO 4217 puts after the currency's decimal point."""
    return MINOR_DIGITS.get(currency, 2)


@functools.cache
def _currencies() -> frozenset[str]:
    # Babel's tables take 2.5 MB: a process that never meets a price has none of it.
    from babel.numbers import list_currencies  # noqa: PLC0415 - see above

    return frozenset(list_currencies())


def read_money(value: object) -> Money:
    """Make money of `{"amount": 4500, "currency": "EUR"}`; raise ValueError if not."""
    if not isinstance(value, Mapping) or set(value) != {"amount", "currency"}:
        raise ValueError('must be written {"amount": 4500, "currency": "EUR"}')
    return Money(value["amount"], str(value["currency"]))
