"""What messages cost and may cost, from what the file says over the code's tables.

Pure. Used by `reading.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.channels.credentials import Mode
from app.config.sentences import nearest
from app.domain.budgets import Budget
from app.domain.costs import Cost, PriceList
from app.domain.price_list import IN_EUROS, PRICES
from app.domain.recipients import Channel
from app.errors import Problem
from app.policy.tables import BudgetTable

#: Whose messages may have a price: those that come without one, too.
_PROVIDERS = frozenset(Mode) - {Mode.PREVIEW, Mode.OFF}
Given = Mapping[str, Mapping[Channel, Mapping[str, Cost]]]


def prices_with(given: Given) -> PriceList:
    """Return the price list with the owner's own prices, country by country."""
    providers = {*PRICES, *given}
    return {
        name: {
            channel: {
                **PRICES.get(name, {}).get(channel, {}),
                **given.get(name, {}).get(channel, {}),
            }
            for channel in {*PRICES.get(name, {}), *given.get(name, {})}
        }
        for name in providers
    }


def budget_of(table: BudgetTable) -> Budget:
    """Return the budget, able to add up what is billed in other currencies."""
    limit = table.daily or table.monthly
    if limit is None:
        return Budget(soft=table.soft)
    return Budget(
        daily=table.daily,
        monthly=table.monthly,
        soft=table.soft,
        exchange={**_rough_rates(limit.currency), **table.exchange},
    )


def budget_problems(table: BudgetTable, prices: PriceList) -> Iterator[Problem]:
    """Tell what keeps the budget from being compared with what is spent."""
    daily, monthly = table.daily, table.monthly
    if daily and monthly and daily.currency != monthly.currency:
        words = f"must be in the same currency as daily ({daily.currency})"
        yield Problem("budget.monthly", words)
        return
    if (limit := daily or monthly) is None:
        return
    known = budget_of(table).exchange
    for currency in sorted(_currencies(prices) - {limit.currency, *known}):
        words = (
            f"{currency} is missing: what is one {currency} worth in "
            f"{limit.currency}? Example: exchange = {{ {currency} = 1.25 }}"
        )
        yield Problem("budget.exchange", words)


def price_problems(given: Given) -> Iterator[Problem]:
    """Tell of prices for providers that there are not."""
    for name in given:
        if name not in _PROVIDERS:
            near = nearest(name, _PROVIDERS)
            words = f"there is no such provider; the nearest is {near}"
            yield Problem(f"prices.{name}", words)


def _rough_rates(currency: str) -> dict[str, float]:
    own = IN_EUROS.get(currency)
    if own is None:
        return {}
    return {name: worth / own for name, worth in IN_EUROS.items() if name != currency}


def _currencies(prices: PriceList) -> set[str]:
    return {
        price.currency
        for channels in prices.values()
        for countries in channels.values()
        for price in countries.values()
    }
