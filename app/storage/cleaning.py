"""The SQL of cleanup: finished tasks go in small batches, their daily counts stay."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from app.domain.inbound import InboxState
from app.domain.tasks import FINISHED
from app.storage.tables import (
    daily_counts,
    idempotency_keys,
    inbox,
    notifications,
    task_links,
    tasks,
)
from app.storage.upsert import upsert

#: Milliseconds in a day: tasks are counted by the UTC day on which they ended.
_DAY_MS = 86_400_000


#: Pages of the write-ahead log after which SQLite carries them over into its file, in
#: the turn of whoever commits just then: usually 1,000, for which everybody waits.
_CARRY_OVER_AFTER = 200


def carry_over_often(tx: sa.Connection) -> None:
    """Have this connection's commits carry little over, and often.

    A crowd that is cleaned up soon fills the log: 1,000 pages at a time are felt by
    whoever is answered meanwhile. PostgreSQL does that beside.
    """
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(f"PRAGMA wal_autocheckpoint={_CARRY_OVER_AFTER}")


def clean_batch(tx: sa.Connection, *, finished_before: datetime, limit: int) -> int:
    """Count and delete up to `limit` finished tasks; return how many.

    Attempts and message details go with them (foreign keys cascade). One that others
    wait for stays: where it died, they must not take its absence for its success.
    """
    waiting = tasks.alias("waiting")
    is_waited_for = sa.exists().where(
        task_links.c.after_id == tasks.c.id,
        waiting.c.id == task_links.c.task_id,
        waiting.c.status.not_in(list(FINISHED)),
    )
    old = list(
        tx.execute(
            sa.select(tasks.c.seq)
            .where(tasks.c.finished_at < finished_before, ~is_waited_for)
            .order_by(tasks.c.finished_at)
            .limit(limit)
            # Who cleans up at the same moment takes others, and counts those.
            .with_for_update(skip_locked=True)
        ).scalars()
    )
    if old:
        _add_to_daily_counts(tx, old)
        tx.execute(sa.delete(tasks).where(tasks.c.seq.in_(old)))
    return len(old)


def clean_idempotency_keys(
    tx: sa.Connection, *, created_before: datetime, limit: int
) -> int:
    """Forget up to `limit` answers to requests that are older; return how many."""
    keys = (idempotency_keys.c.scope, idempotency_keys.c.key)
    old = (
        sa.select(*keys)
        .where(idempotency_keys.c.created_at < created_before)
        .order_by(idempotency_keys.c.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    query = sa.delete(idempotency_keys).where(sa.tuple_(*keys).in_(old))
    return tx.execute(query).rowcount


def clean_inbox(tx: sa.Connection, *, received_before: datetime, limit: int) -> int:
    """Forget up to `limit` older messages that wait for nobody; return how many."""
    old = (
        sa.select(inbox.c.id)
        .where(
            inbox.c.state.in_([InboxState.ANSWERED, InboxState.DONE]),
            inbox.c.received_at < received_before,
        )
        .order_by(inbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return tx.execute(sa.delete(inbox).where(inbox.c.id.in_(old))).rowcount


def _add_to_daily_counts(tx: sa.Connection, seqs: list[int]) -> None:
    day = sa.type_coerce(tasks.c.finished_at, sa.BigInteger) // _DAY_MS
    groups = tx.execute(
        sa.select(
            sa.cast(day, sa.Integer).label("day"),
            notifications.c.channel,
            tasks.c.kind,
            tasks.c.status,
            sa.func.count().label("count"),
        )
        .join(notifications, notifications.c.task_id == tasks.c.id)
        .where(tasks.c.seq.in_(seqs))
        .group_by("day", notifications.c.channel, tasks.c.kind, tasks.c.status)
        # In one order, so that nobody waits for another one's counts in a circle.
        .order_by("day", notifications.c.channel, tasks.c.kind, tasks.c.status)
    ).mappings()
    counts = [dict(group) for group in groups]
    if not counts:  # tasks of one's own are not counted
        return
    statement = upsert(tx.dialect.name, daily_counts)
    key = ["day", "channel", "kind", "status"]
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=key,
            set_={"count": daily_counts.c.count + statement.excluded.count},
        ),
        counts,
    )
