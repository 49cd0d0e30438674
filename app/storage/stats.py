"""The SQL of statistics: how messages ended, how many leave, and of what they died.

Asked by a command now and then. Days are UTC, as the daily counts are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.storage.tables import daily_counts, notifications, tasks


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many of a kind ended in a state over a channel (empty: no message)."""

    channel: str
    kind: str
    status: str
    is_today: bool
    number: int


def ended_since(tx: sa.Connection, *, first: datetime, today: datetime) -> list[Count]:
    """Count what has ended since `first`, and apart from it since `today`."""
    channel = sa.func.coalesce(notifications.c.channel, "").label("channel")
    # A CASE, since only PostgreSQL knows what is true.
    is_today = sa.case((tasks.c.finished_at >= today, 1), else_=0).label("is_today")
    query = (
        sa.select(
            channel, tasks.c.kind, tasks.c.status, is_today, sa.func.count().label("n")
        )
        .outerjoin(notifications, notifications.c.task_id == tasks.c.id)
        .where(tasks.c.finished_at >= first)
        .group_by(channel, tasks.c.kind, tasks.c.status, is_today)
    )
    return [_count(row) for row in tx.execute(query)]


def cleaned_since(tx: sa.Connection, *, first: int, today: int) -> list[Count]:
    """Count what has ended since the day `first` and was cleaned up meanwhile."""
    is_today = sa.case((daily_counts.c.day >= today, 1), else_=0).label("is_today")
    query = (
        sa.select(
            daily_counts.c.channel,
            daily_counts.c.kind,
            daily_counts.c.status,
            is_today,
            sa.func.sum(daily_counts.c.count).label("n"),
        )
        .where(daily_counts.c.day >= first)
        .group_by(
            daily_counts.c.channel, daily_counts.c.kind, daily_counts.c.status, is_today
        )
    )
    return [_count(row) for row in tx.execute(query)]


def done_since(tx: sa.Connection, *, since: datetime) -> int:
    """Count what was sent or done since a moment."""
    query = (
        sa.select(sa.func.count())
        .select_from(tasks)
        .where(
            tasks.c.finished_at > since,
            # Not by the index on the status, which knows of all that was ever sent.
            sa.func.coalesce(tasks.c.status, "").in_(
                ["sent", "delivered", "undelivered"]
            ),
        )
    )
    return int(tx.execute(query).scalar_one())


def dead_by_reason(tx: sa.Connection, *, at_most: int) -> list[tuple[str, int]]:
    """Return the reasons of what is dead, the most frequent first."""
    number = sa.func.count().label("n")
    query = (
        sa.select(tasks.c.reason, number)
        .where(tasks.c.status == "dead")
        .group_by(tasks.c.reason)
        .order_by(number.desc(), tasks.c.reason)
        .limit(at_most)
    )
    return [(row.reason, row.n) for row in tx.execute(query)]


def _count(row: sa.Row[str, str, str, int, int]) -> Count:
    return Count(
        channel=row[0],
        kind=row[1],
        status=row[2],
        is_today=bool(row[3]),
        number=int(row[4]),
    )
