"""The SQL that lists messages, and that lets a person retry or cancel them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.storage.locking import at_hand, waited_for
from app.storage.tables import attempts, bookings, notifications, tasks

_ROW = (
    sa.select(
        tasks,
        notifications.c.channel,
        notifications.c.recipient,
        notifications.c.provider,
        notifications.c.provider_message_id,
        notifications.c.sent_at,
        notifications.c.delivered_at,
    )
    .join(notifications, notifications.c.task_id == tasks.c.id)
    .outerjoin(bookings, bookings.c.id == tasks.c.booking_id)
)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which messages are meant; what is None does not matter."""

    status: str | None = None
    channel: str | None = None
    kind: str | None = None
    booking_id: str | None = None
    #: An exact address, in its normal form.
    recipient: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    #: Part of a booking's reference or of a customer's name.
    q: str | None = None


def find(tx: sa.Connection, task_id: str) -> sa.RowMapping | None:
    """Return one message, or None."""
    return tx.execute(_ROW.where(tasks.c.id == task_id)).mappings().one_or_none()


def find_many(tx: sa.Connection, task_ids: Collection[str]) -> list[sa.RowMapping]:
    """Return these messages in the order in which they were planned."""
    query = _ROW.where(tasks.c.id.in_(task_ids)).order_by(tasks.c.seq)
    return list(tx.execute(query).mappings())


def words_of(tx: sa.Connection, task_id: str) -> sa.RowMapping | None:
    """Return what a message says and to whom; None for a task that is no message."""
    query = (
        sa.select(
            tasks.c.kind,
            tasks.c.args,
            notifications.c.recipient,
            notifications.c.recipient_name,
        )
        .join(notifications, notifications.c.task_id == tasks.c.id)
        .where(tasks.c.id == task_id)
    )
    return tx.execute(query).mappings().one_or_none()


def page(
    tx: sa.Connection, chosen: Filter, *, after: int | None, limit: int
) -> list[sa.RowMapping]:
    """Return messages, the newest first, at most `limit`, before the seq `after`."""
    query = _ROW.where(*_conditions(chosen)).order_by(tasks.c.seq.desc()).limit(limit)
    if after is not None:
        query = query.where(tasks.c.seq < after)
    return list(tx.execute(query).mappings())


def count_by_status(tx: sa.Connection, chosen: Filter) -> dict[str, int]:
    """Count the messages that the filter chooses, by their status."""
    rows = _ROW.where(*_conditions(chosen)).subquery()
    query = sa.select(rows.c.status, sa.func.count()).group_by(rows.c.status)
    return {row[0]: row[1] for row in tx.execute(query)}


def attempts_of(tx: sa.Connection, task_id: str) -> list[sa.RowMapping]:
    """Return a message's attempts, the first one first."""
    query = (
        sa.select(attempts)
        .where(attempts.c.task_id == task_id)
        .order_by(attempts.c.number)
    )
    return list(tx.execute(query).mappings())


def move(
    tx: sa.Connection,
    task_ids: Collection[str],
    *,
    among: Iterable[str],
    to: Mapping[str, Any],
) -> set[str]:
    """Give messages these values where their status is `among` those; return which.

    Of several, one that somebody else changes at this very moment is left alone.
    """
    choose = at_hand if len(task_ids) > 1 else waited_for
    moved = tx.execute(
        sa.update(tasks)
        .where(choose(tx, tasks.c.id.in_(task_ids), tasks.c.status.in_(list(among))))
        .values(**to)
        .returning(tasks.c.id)
    )
    return set(moved.scalars())


def _conditions(chosen: Filter) -> list[sa.ColumnElement[bool]]:
    pairs = [
        (tasks.c.status, chosen.status),
        (notifications.c.channel, chosen.channel),
        (tasks.c.kind, chosen.kind),
        (tasks.c.booking_id, chosen.booking_id),
        (notifications.c.recipient, chosen.recipient),
    ]
    conditions = [column == value for column, value in pairs if value is not None]
    if chosen.since is not None:
        conditions.append(tasks.c.created_at >= chosen.since)
    if chosen.until is not None:
        conditions.append(tasks.c.created_at < chosen.until)
    if chosen.q is not None:
        conditions.append(
            sa.or_(
                bookings.c.reference == chosen.q.upper(),
                notifications.c.recipient_name.icontains(chosen.q, autoescape=True),
            )
        )
    return conditions
