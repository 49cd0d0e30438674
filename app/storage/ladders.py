"""The SQL of ladders: which are being climbed, and how their rungs stand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.storage.tables import ladders, notifications, tasks


def insert(tx: sa.Connection, row: Mapping[str, Any]) -> None:
    """Save a ladder whose first rung is planned."""
    tx.execute(sa.insert(ladders), [dict(row)])


def change(tx: sa.Connection, ladder_id: str, **values: Any) -> None:
    """Give a ladder these values."""
    tx.execute(sa.update(ladders).where(ladders.c.id == ladder_id).values(**values))


def open_ones(tx: sa.Connection, *, limit: int) -> list[sa.RowMapping]:
    """Return the ladders that are being climbed, with their rung's state."""
    query = (
        sa.select(
            ladders,
            tasks.c.status,
            tasks.c.args,
            tasks.c.next_attempt_at,
            notifications.c.provider,
            notifications.c.sent_at,
        )
        .outerjoin(tasks, tasks.c.id == ladders.c.task_id)
        .outerjoin(notifications, notifications.c.task_id == ladders.c.task_id)
        .where(ladders.c.state == "open")
        .order_by(ladders.c.climb_at)
        .limit(limit)
    )
    return list(tx.execute(query).mappings())


def reopen(tx: sa.Connection, *, task_id: str) -> None:
    """Climb on from a message that counted as arrived, and has come back."""
    its_ladder = sa.select(notifications.c.ladder_id).where(
        notifications.c.task_id == task_id
    )
    tx.execute(
        sa.update(ladders)
        .where(
            ladders.c.id == its_ladder.scalar_subquery(),
            ladders.c.task_id == task_id,
            ladders.c.state == "reached",
        )
        .values(state="open")
    )


def find_open(tx: sa.Connection, ladder_id: str) -> sa.RowMapping | None:
    """Return one for a change, if it is still being climbed."""
    query = (
        sa.select(ladders)
        .where(ladders.c.id == ladder_id, ladders.c.state == "open")
        .with_for_update()
    )
    return tx.execute(query).mappings().one_or_none()


def arrived_over(tx: sa.Connection, *, ladder_id: str, but_not: str = "") -> str | None:
    """Return the channel over which a rung's message has arrived, if any.

    `but_not`: a message that does not count.
    """
    query = (
        sa.select(notifications.c.channel)
        .join(tasks, tasks.c.id == notifications.c.task_id)
        .where(
            notifications.c.ladder_id == ladder_id,
            tasks.c.id != but_not,
            tasks.c.status == "delivered",
        )
        .limit(1)
    )
    found: str | None = tx.execute(query).scalar_one_or_none()
    return found


def is_past(tx: sa.Connection, *, ladder_id: str, task_id: str) -> bool:
    """Whether another rung than this message's is on its way, or has arrived."""
    query = sa.select(ladders.c.id).where(
        ladders.c.id == ladder_id,
        ladders.c.task_id != task_id,
        ladders.c.state.in_(["open", "reached"]),
    )
    return tx.execute(query).first() is not None


def clean(tx: sa.Connection, *, created_before: datetime, limit: int) -> int:
    """Forget up to `limit` ladders that began before then; return how many."""
    old = (
        sa.select(ladders.c.id)
        .where(ladders.c.created_at < created_before, ladders.c.state != "open")
        .limit(limit)
    )
    return tx.execute(sa.delete(ladders).where(ladders.c.id.in_(old))).rowcount
