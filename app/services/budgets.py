"""Whether the budget lets a message leave that costs something, and how it stands.

Asked at the last look (one read) and by whoever shows costs.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.domain import budgets as rules
from app.domain.budgets import Standing, Stop
from app.domain.costs import has_price
from app.domain.gate import Delay, Refusal
from app.domain.recipients import Channel
from app.runtime import Runtime
from app.services.costs import spent_by_period
from app.storage import costs as store
from app.storage.types import Row


def standings(tx: sa.Connection, runtime: Runtime, *, now: datetime) -> list[Standing]:
    """Return how each limit of the budget stands, the strictest first."""
    keys = rules.keys_of(now, zone=ZoneInfo(runtime.settings.timezone))
    return rules.standings(runtime.policy.budget, spent_by_period(tx, keys))


def held_back(
    tx: sa.Connection,
    runtime: Runtime,
    row: Row,
    *,
    provider: str,
    channel: Channel,
    now: datetime,
) -> Refusal | Delay | None:
    """Say why a message that need not be known does not leave, or None if it may."""
    prices, budget = runtime.policy.prices, runtime.policy.budget
    if not budget.limits() or not has_price(prices, provider=provider, channel=channel):
        return None
    strictest = standings(tx, runtime, now=now)[0]
    if strictest.stop is Stop.NONE:
        return None
    zone = ZoneInfo(runtime.settings.timezone)
    return rules.held_back(
        strictest,
        ends_at=rules.end_of(strictest.period, now, zone=zone),
        useful_until=row["useful_until"],
        by_mail=strictest.stop is Stop.SOFT and store.twin_by_mail(tx, row),
    )
