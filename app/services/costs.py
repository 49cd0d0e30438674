"""Writes down what each accepted message costs, and tells the owner of the budget.

Called in the transaction in which a message becomes sent: by an answer, a look-up or a
receipt. What has no price is not counted: e-mail, previews, a provider that is not in
the price list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.domain.budgets import Budget, Period, Standing, Stop, keys_of, standings
from app.domain.costs import Cost, has_price, price_of, units_of, write_cost
from app.domain.recipients import Channel, country_of
from app.runtime import Runtime
from app.services.alerts import Alert, alert
from app.storage import costs as store
from app.storage.costs import Billed
from app.storage.types import Row

#: Each stop of each period is told once: its key names the day or the month.
_ONCE = timedelta(days=366)
_TOLD = {
    Stop.SOFT: "is nearly spent. What an e-mail says as well is not sent by other "
    "channels any more",
    Stop.HARD: "is spent. Only what customers must know goes on; the rest waits for "
    "the next one, or is not sent where that is too late",
}


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What was sent: by which attempt, with whom, in which words, at whose price."""

    attempt: int
    provider: str
    text: str
    #: As the provider told it; None: by the price list.
    price: Cost | None = None


def bill(runtime: Runtime, row: Row, sent: Sent) -> Billed | None:
    """Return what a message costs that was accepted; None: that is not counted.

    `row` has its `id`, `kind`, `channel` and `recipient`.
    """
    channel = Channel(row["channel"])
    units = units_of(channel, sent.text)
    cost = sent.price or _listed(runtime, row, sent.provider, units=units)
    if cost is None:
        return None
    return Billed(
        task_id=row["id"],
        attempt=sent.attempt,
        channel=channel,
        kind=row["kind"],
        provider=sent.provider,
        units=units,
        cost=cost,
    )


def add_up(
    tx: sa.Connection, runtime: Runtime, billed: Billed, *, now: datetime
) -> None:
    """Add what a message costs to its day, and tell the owner of the budget."""
    keys = keys_of(now, zone=ZoneInfo(runtime.settings.timezone))
    store.add(tx, billed, day=keys[Period.DAY])
    if runtime.policy.budget.limits():
        spent = spent_by_period(tx, keys)
        _tell(tx, runtime, spent, last=billed.cost, keys=keys, now=now)


def note_later(
    tx: sa.Connection, runtime: Runtime, task_id: str, *, now: datetime
) -> None:
    """Write down what a message costs that was taken, as is known only now.

    What was written down when it was accepted is not written down again.
    """
    row = store.last_attempt(tx, task_id)
    if row is not None and row["cost_micros"] is None:
        sent = Sent(attempt=row["number"], provider=row["provider"], text=row["text"])
        billed = bill(runtime, row, sent)
        if billed is not None:
            store.price(tx, billed)
            add_up(tx, runtime, billed, now=row["ended_at"] or now)


def take_off(tx: sa.Connection, runtime: Runtime, task_id: str) -> None:
    """Take off what was written down for a message that its provider gives for free.

    Of an attempt whose end nobody saw the day is not known: its cost stays.
    """
    row = store.last_attempt(tx, task_id)
    if row is None or not row["cost_micros"] or row["ended_at"] is None:
        return
    billed = Billed(
        task_id=task_id,
        attempt=row["number"],
        channel=row["channel"],
        kind=row["kind"],
        provider=row["provider"],
        units=row["segments"],
        cost=Cost(row["cost_micros"], row["cost_currency"]),
    )
    keys = keys_of(row["ended_at"], zone=ZoneInfo(runtime.settings.timezone))
    store.take_off(tx, billed, day=keys[Period.DAY])


def _listed(runtime: Runtime, row: Row, provider: str, *, units: int) -> Cost | None:
    prices, channel = runtime.policy.prices, Channel(row["channel"])
    if not has_price(prices, provider=provider, channel=channel):
        return None
    is_mail = channel is Channel.EMAIL
    country = None if is_mail else country_of(row["recipient"])
    price = price_of(prices, provider=provider, channel=channel, country=country)
    return price and price.times(units)


def spent_by_period(
    tx: sa.Connection, keys: Mapping[Period, str]
) -> dict[Period, dict[str, int]]:
    """Return what was spent in each period, by currency."""
    found = store.spent(tx, day=keys[Period.DAY], month=keys[Period.MONTH])
    return {
        Period.DAY: {row["currency"]: int(row["of_day"] or 0) for row in found},
        Period.MONTH: {row["currency"]: int(row["of_month"]) for row in found},
    }


def _tell(
    tx: sa.Connection,
    runtime: Runtime,
    spent: Mapping[Period, Mapping[str, int]],
    *,
    last: Cost,
    keys: Mapping[Period, str],
    now: datetime,
) -> None:
    """Alert the owner where this very message has brought a limit to a stop."""
    before = {
        period: {**sums, last.currency: sums.get(last.currency, 0) - last.micros}
        for period, sums in spent.items()
    }
    was = _stops(runtime.policy.budget, before)
    for standing in standings(runtime.policy.budget, spent):
        if standing.stop not in (Stop.NONE, was[standing.period]):
            told = _alert(standing, key=keys[standing.period])
            alert(tx, runtime, told, now=now)


def _stops(
    budget: Budget, spent: Mapping[Period, Mapping[str, int]]
) -> dict[Period, Stop]:
    return {standing.period: standing.stop for standing in standings(budget, spent)}


def _alert(standing: Standing, *, key: str) -> Alert:
    limit, spent = write_cost(standing.limit), write_cost(standing.spent)
    return Alert(
        key=f"budget/{key}/{standing.stop}",
        subject=f"The {standing.period}'s budget for messages: {standing.stop} stop",
        text=f"The {standing.period}'s budget of {limit} {_TOLD[standing.stop]} "
        f"({key}: {spent} spent). To let more through, raise it in bellhop.toml.",
        at_most_every=_ONCE,
    )
