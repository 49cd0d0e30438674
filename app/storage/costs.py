"""The SQL of what messages cost: written as they are accepted, added up when asked."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.domain.costs import Cost
from app.storage.prepared import Prepared
from app.storage.tables import (
    UNSENT,
    attempts,
    daily_costs,
    notifications,
    tasks,
)
from app.storage.types import Row
from app.storage.upsert import upsert

#: What costs may be added up by.
COLUMNS: Mapping[str, sa.Column[str]] = {
    name: daily_costs.c[name] for name in ("day", "channel", "kind", "provider")
}
_PRICE_ATTEMPT = (
    sa.update(attempts)
    .where(
        attempts.c.task_id == sa.bindparam("for_task"),
        attempts.c.number == sa.bindparam("for_number"),
    )
    .values(
        segments=sa.bindparam("units"),
        cost_micros=sa.bindparam("micros"),
        cost_currency=sa.bindparam("currency"),
    )
)
#: The columns in which messages are added up.
_SUMS = ("messages", "segments", "micros")
_SPENT = (
    sa.select(
        daily_costs.c.currency,
        sa.func.sum(daily_costs.c.micros).label("of_month"),
        sa.func.sum(
            sa.case((daily_costs.c.day == sa.bindparam("today"), daily_costs.c.micros))
        ).label("of_day"),
    )
    # A day is written 2026-11-27: a month's days are what begins with 2026-11-.
    .where(
        daily_costs.c.day > sa.bindparam("month") + "-",
        daily_costs.c.day < sa.bindparam("month") + ".",
    )
    .group_by(daily_costs.c.currency)
)


@dataclass(frozen=True, kw_only=True)
class Billed:
    """One accepted message: whose it is, and what it costs."""

    task_id: str
    attempt: int
    channel: str
    kind: str
    provider: str
    units: int
    cost: Cost

    def values(self) -> dict[str, Any]:
        """Return what its attempt's row says of it, as parameters of a statement."""
        cost = self.cost
        return {"units": self.units, "micros": cost.micros, "currency": cost.currency}


@dataclass(frozen=True, kw_only=True)
class Sum:
    """So many messages and segments, under one key, in one currency."""

    key: str
    messages: int
    segments: int
    cost: Cost


def price(tx: sa.Connection, billed: Billed) -> None:
    """Write what a message costs on an attempt that has ended."""
    named = {"for_task": billed.task_id, "for_number": billed.attempt}
    tx.execute(_PRICE_ATTEMPT, {**named, **billed.values()})


def add(tx: sa.Connection, billed: Billed, *, day: str) -> None:
    """Add what a message costs to its day."""
    _add_up(tx, billed, day=day, messages=1, micros=billed.cost.micros)


def take_off(tx: sa.Connection, billed: Billed, *, day: str) -> None:
    """Take off what was added for a message; it stays counted, at no cost."""
    price(tx, replace(billed, cost=Cost(0, billed.cost.currency)))
    _add_up(tx, billed, day=day, messages=0, micros=-billed.cost.micros)


def last_attempt(tx: sa.Connection, task_id: str) -> Row | None:
    """Return a message with its last attempt, and what that is billed at."""
    query = (
        sa.select(
            tasks.c.id,
            tasks.c.kind,
            notifications.c.channel,
            notifications.c.recipient,
            attempts.c.number,
            attempts.c.provider,
            attempts.c.text,
            attempts.c.ended_at,
            attempts.c.segments,
            attempts.c.cost_micros,
            attempts.c.cost_currency,
        )
        .join(notifications, notifications.c.task_id == tasks.c.id)
        .join(attempts, attempts.c.task_id == tasks.c.id)
        .where(tasks.c.id == task_id, attempts.c.number == tasks.c.attempts)
    )
    return tx.execute(query).mappings().one_or_none()


def spent(tx: sa.Connection, *, day: str, month: str) -> list[Row]:
    """Return what was spent in a day and its month: `of_day`, `of_month`, `currency`.

    At most some hundred rows are added up: a month's channels, kinds and providers.
    """
    return list(tx.execute(_SPENT, {"today": day, "month": month}).mappings())


def sums(tx: sa.Connection, *, by: str, first: str, last: str) -> list[Sum]:
    """Add up what was billed from one day to another, both included."""
    key = COLUMNS[by]
    query = (
        sa.select(key.label("key"), daily_costs.c.currency, *_totals())
        .where(daily_costs.c.day >= first, daily_costs.c.day <= last)
        .group_by(key, daily_costs.c.currency)
        .order_by(key, daily_costs.c.currency)
    )
    return [_sum(row) for row in tx.execute(query)]


def waiting_by_channel(tx: sa.Connection, *, before: datetime) -> dict[str, int]:
    """Count what is planned to leave before a moment, by channel."""
    query = (
        sa.select(notifications.c.channel, sa.func.count())
        .join(tasks, tasks.c.id == notifications.c.task_id)
        .where(sa.text(f"tasks.{UNSENT}"), tasks.c.due_at < before)
        .group_by(notifications.c.channel)
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def twin_by_mail(tx: sa.Connection, row: Row) -> bool:
    """Tell whether an e-mail was planned with this message, says the same, and lives.

    Messages of one occasion are planned together, so it stands beside this one.
    """
    query = (
        sa.select(tasks.c.args)
        .join(notifications, notifications.c.task_id == tasks.c.id)
        .where(
            tasks.c.seq.between(row["seq"] - _BESIDE, row["seq"] + _BESIDE),
            tasks.c.kind == row["kind"],
            tasks.c.created_at == row["created_at"],
            tasks.c.booking_id.is_not_distinct_from(row["booking_id"]),
            tasks.c.status.in_(_ALIVE),
            notifications.c.channel == "email",
            notifications.c.recipient_name == row["recipient_name"],
        )
    )
    return any(args == row["args"] for args in tx.execute(query).scalars())


#: Rows among which a message's twin is: others may plan at the same moment.
_BESIDE = 50
#: The states in which an e-mail has told what it had to, or still will.
_ALIVE = (
    *("pending", "queued", "sending", "retrying", "unknown", "failed"),
    *("sent", "delivered"),
)


def _add_up(
    tx: sa.Connection, billed: Billed, *, day: str, messages: int, micros: int
) -> None:
    row = {
        "day": day,
        "channel": billed.channel,
        "kind": billed.kind,
        "provider": billed.provider,
        "currency": billed.cost.currency,
        "messages": messages,
        "segments": messages * billed.units,
        "micros": micros,
    }
    _adding(tx.dialect.name).change(tx, row)


def _totals() -> tuple[sa.ColumnElement[Any], ...]:
    return tuple(sa.func.sum(daily_costs.c[name]).label(name) for name in _SUMS)


def _sum(row: sa.Row[Any]) -> Sum:
    return Sum(
        key=row.key,
        messages=int(row.messages),
        segments=int(row.segments),
        cost=Cost(int(row.micros), row.currency),
    )


@functools.cache
def _adding(dialect: str) -> Prepared:
    """Return what inserts a day's row, or adds its numbers to those that are there.

    Made once: it is done for every message that costs something.
    """
    made = upsert(dialect, daily_costs)
    keys = [column.name for column in daily_costs.primary_key]
    row: dict[str, Any] = {name: sa.bindparam(name) for name in (*keys, *_SUMS)}
    added = {name: daily_costs.c[name] + made.excluded[name] for name in _SUMS}
    return Prepared(
        made.values(row).on_conflict_do_update(index_elements=keys, set_=added)
    )
