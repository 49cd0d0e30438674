"""The SQL that lists messages, and that lets a person retry or cancel them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.domain.tasks import Status
from app.domain.templates import SHIPPED
from app.storage import paging, seeking
from app.storage.locking import at_hand, waited_for
from app.storage.seeking import Way
from app.storage.tables import (
    attempts,
    bookings,
    notifications,
    tasks,
    template_versions,
)

_ROW = sa.select(
    tasks,
    notifications.c.channel,
    notifications.c.recipient,
    notifications.c.provider,
    notifications.c.provider_message_id,
    notifications.c.sent_at,
    notifications.c.delivered_at,
    sa.func.coalesce(template_versions.c.version, SHIPPED).label("template_version"),
).select_from(
    tasks.join(notifications, notifications.c.task_id == tasks.c.id).outerjoin(
        template_versions, template_versions.c.id == notifications.c.template_id
    )
)


_BOOKING_ID = sa.select(bookings.c.id).where(
    bookings.c.reference == sa.bindparam("reference")
)

#: How nearly every message ends: that tells less than its kind or channel.
_USUAL = frozenset({Status.SENT, Status.DELIVERED})


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
    #: A booking's whole reference, or part of a customer's name.
    q: str | None = None


#: Messages, and the seq before which the next page goes on.
Page = paging.Page[sa.RowMapping, int]


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


def look(tx: sa.Connection, chosen: Filter, *, after: int | None, limit: int) -> Page:
    """Return messages, the newest first, at most `limit`, before the seq `after`.

    Where few suit the filter there may be fewer, or none, before the list ends.
    """
    way, chosen = _way(tx, chosen)
    span = seeking.span_of(tx, since=chosen.since, until=chosen.until)
    return paging.fill(
        keys=lambda before, count: way(tx, span.before(before), count),
        rows_of=lambda seqs, most: _suitable(tx, chosen, seqs, limit=most),
        key_of=_seq_of,
        after=after,
        limit=limit,
    )


def page(
    tx: sa.Connection, chosen: Filter, *, after: int | None, limit: int
) -> list[sa.RowMapping]:
    """Return a full page, however long that takes; for commands and bulk deeds."""
    rows: list[sa.RowMapping] = []
    while True:
        found = look(tx, chosen, after=after, limit=limit - len(rows))
        rows += found.rows
        if found.next is None or len(rows) == limit:
            return rows
        after = found.next


def count_by_status(tx: sa.Connection, chosen: Filter) -> dict[str, int]:
    """Count the messages that the filter chooses, by their status."""
    span = seeking.span_of(tx, since=chosen.since, until=chosen.until)
    _, chosen = _way(tx, chosen)
    conditions = _conditions(chosen)
    if chosen.since is not None or chosen.until is not None:
        conditions += [tasks.c.seq >= span.first, tasks.c.seq < span.end]
    rows = _ROW.where(*conditions).subquery()
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


def _way(tx: sa.Connection, chosen: Filter) -> tuple[Way, Filter]:
    """Return where to look, and what is still to be asked of each row found there."""
    if chosen.q is not None and (booking_id := _booking_with(tx, chosen.q)):
        # Who types a whole reference means that booking, and nobody of that name.
        chosen = replace(chosen, q=None, booking_id=chosen.booking_id or booking_id)
        if chosen.booking_id != booking_id:
            return (lambda *_: []), chosen
    if chosen.booking_id is not None:
        return seeking.by_booking(chosen.booking_id), chosen
    if chosen.recipient is not None:
        return seeking.by_recipient(chosen.recipient), chosen
    by_kind = chosen.kind is not None or chosen.channel is not None
    if chosen.status is not None and not (by_kind and chosen.status in _USUAL):
        return seeking.by_status(chosen.status), chosen
    if by_kind:
        return seeking.by_kind(chosen.kind, gate=chosen.channel), chosen
    return seeking.everything, chosen


def _booking_with(tx: sa.Connection, reference: str) -> str | None:
    return tx.execute(
        _BOOKING_ID, {"reference": reference.upper()}
    ).scalar_one_or_none()


def _seq_of(row: sa.RowMapping) -> int:
    return int(row["seq"])


def _suitable(
    tx: sa.Connection, chosen: Filter, seqs: Sequence[int], *, limit: int
) -> list[sa.RowMapping]:
    query = _ROW.where(tasks.c.seq.in_(seqs), *_conditions(chosen, of=paging.by_row))
    query = query.order_by(tasks.c.seq.desc()).limit(limit)
    return list(tx.execute(query).mappings())


def _conditions(
    chosen: Filter,
    *,
    of: paging.Reading = paging.by_index,
) -> list[sa.ColumnElement[bool]]:
    pairs = [
        (tasks.c.status, chosen.status),
        (notifications.c.channel, chosen.channel),
        (tasks.c.kind, chosen.kind),
        (tasks.c.booking_id, chosen.booking_id),
        (notifications.c.recipient, chosen.recipient),
    ]
    conditions = [of(column) == value for column, value in pairs if value is not None]
    if chosen.since is not None:
        conditions.append(tasks.c.created_at >= chosen.since)
    if chosen.until is not None:
        conditions.append(tasks.c.created_at < chosen.until)
    if chosen.q is not None:
        name = notifications.c.recipient_name
        conditions.append(name.icontains(chosen.q, autoescape=True))
    return conditions
