"""What messages have cost, how the budget stands, and where the month will end.

Called by `GET /costs` and the command `costs`. Days are the business's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.domain.budgets import Period, Standing, end_of
from app.domain.costs import Cost
from app.domain.forecasts import Forecast, forecast
from app.domain.recipients import Channel
from app.errors import InvalidError, Problem
from app.runtime import Runtime
from app.services import budgets
from app.services.pricing import tariff_of
from app.storage import costs as store
from app.storage.costs import Sum

#: Costs are added up for at most so long at once.
LONGEST = timedelta(days=366)
#: Days before today whose costs say what a day is like.
TREND = timedelta(days=28)


@dataclass(frozen=True, kw_only=True)
class Report:
    """Costs from one day to another, both included."""

    first: date
    last: date
    rows: Sequence[Sum]
    #: Everything added up, a currency each.
    totals: Sequence[Sum]
    standings: Sequence[Standing]
    forecasts: Sequence[Forecast]


def report(
    tx: sa.Connection,
    runtime: Runtime,
    *,
    by: str,
    first: date | None,
    last: date | None,
    now: datetime,
) -> Report:
    """Add up costs; this month so far where no days are given. Raises InvalidError."""
    today = _today(runtime, now)
    last = last or today
    first = first or min(last, today).replace(day=1)
    if not first <= last <= first + LONGEST:
        message = f"must not be before `from`, and {LONGEST.days} days after it at most"
        raise InvalidError([Problem("to", message)])
    rows = store.sums(tx, by=by, first=first.isoformat(), last=last.isoformat())
    return Report(
        first=first,
        last=last,
        rows=rows,
        totals=_totals(rows),
        standings=budgets.standings(tx, runtime, now=now),
        forecasts=_forecasts(tx, runtime, now=now),
    )


def _totals(rows: Sequence[Sum]) -> list[Sum]:
    currencies = sorted({row.cost.currency for row in rows})
    return [
        Sum(
            key="total",
            messages=sum(row.messages for row in mine),
            segments=sum(row.segments for row in mine),
            cost=Cost(sum(row.cost.micros for row in mine), currency),
        )
        for currency in currencies
        if (mine := [row for row in rows if row.cost.currency == currency])
    ]


def _forecasts(tx: sa.Connection, runtime: Runtime, *, now: datetime) -> list[Forecast]:
    """Say for each currency where the month will end."""
    today = _today(runtime, now)
    month = today.replace(day=1)
    zone = ZoneInfo(runtime.settings.timezone)
    ends_at = end_of(Period.MONTH, now, zone=zone)
    days_left = (ends_at.astimezone(zone).date() - today).days - 1
    lately = _sums(tx, by="channel", first=today - TREND, last=today)
    spent = _by_currency(_sums(tx, by="channel", first=month, last=today))
    days = _sums(tx, by="day", first=today - TREND, last=today - timedelta(days=1))
    trend = _by_currency(days)
    waiting = store.waiting_by_channel(tx, before=ends_at)
    planned = _by_currency(_planned(runtime, waiting, lately))
    return [
        forecast(
            currency,
            spent=spent.get(currency, 0),
            planned=planned.get(currency, 0),
            lately=trend.get(currency, 0),
            lately_days=_days_of(days, today=today),
            days_left=days_left,
        )
        for currency in sorted({*spent, *planned, *trend})
    ]


def _days_of(rows: Sequence[Sum], *, today: date) -> int:
    """Return how many days these costs are of: a new box has no 28 behind it."""
    first = min((date.fromisoformat(row.key) for row in rows), default=today - TREND)
    return (today - first).days


def _planned(
    runtime: Runtime, waiting: Mapping[str, int], lately: Sequence[Sum]
) -> list[Sum]:
    """Price what waits: as its channel's messages cost lately, else by the list."""
    found = []
    for channel, count in waiting.items():
        cost = _usual_cost(runtime, Channel(channel), lately)
        if cost is not None:
            found.append(
                Sum(key=channel, messages=count, segments=0, cost=cost.times(count))
            )
    return found


def _usual_cost(
    runtime: Runtime, channel: Channel, lately: Sequence[Sum]
) -> Cost | None:
    mine = [row for row in lately if row.key == channel and row.messages]
    if mine:
        most = max(mine, key=lambda row: row.messages)
        return Cost(most.cost.micros // most.messages, most.cost.currency)
    tariff = tariff_of(runtime.settings, runtime.policy, runtime.modes)
    return tariff.of_one(channel)


def _sums(tx: sa.Connection, *, by: str, first: date, last: date) -> list[Sum]:
    return store.sums(tx, by=by, first=first.isoformat(), last=last.isoformat())


def _by_currency(rows: Sequence[Sum]) -> dict[str, int]:
    return {row.cost.currency: row.cost.micros for row in _totals(rows)}


def _today(runtime: Runtime, now: datetime) -> date:
    return now.astimezone(ZoneInfo(runtime.settings.timezone)).date()
