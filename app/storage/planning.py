"""The SQL that writes planned tasks and calls off those that are overtaken."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.storage.inserting import insert_new, insert_row
from app.storage.locking import waited_for
from app.storage.tables import notifications, tasks


def insert_notification(
    tx: sa.Connection, *, task: Mapping[str, Any], notification: Mapping[str, Any]
) -> bool:
    """Insert a task and what only a message needs; False if its dedupe key exists."""
    if not insert_new(tx, tasks, task, key=["dedupe_key"]):
        return False
    insert_row(tx, notifications, notification)
    return True


def call_off(
    tx: sa.Connection,
    *,
    booking_id: str,
    kinds: Collection[str],
    among: Collection[str],
    status: str,
    reason: sa.ColumnElement[str],
    now: datetime,
) -> Sequence[sa.Row[Any]]:
    """Move a booking's unsent messages of these kinds to `status`, with the reason.

    `among`: the states from which a message can be called off. Returns the `id` and
    `kind` of each.
    """
    called_off = tx.execute(
        sa.update(tasks)
        .where(
            waited_for(
                tx,
                tasks.c.booking_id == booking_id,
                tasks.c.kind.in_(kinds),
                tasks.c.status.in_(among),
            )
        )
        .values(
            status=status,
            reason=reason,
            next_attempt_at=None,
            finished_at=now,
            updated_at=now,
        )
        .returning(tasks.c.id, tasks.c.kind)
    )
    return called_off.all()


def explain(tx: sa.Connection, *, task_ids: Sequence[str], reason: str) -> None:
    """Give messages that were called off another reason."""
    tx.execute(sa.update(tasks).where(tasks.c.id.in_(task_ids)).values(reason=reason))


def existing_ids(tx: sa.Connection, *, dedupe_keys: Sequence[str]) -> dict[str, str]:
    """Return the ids of tasks by their dedupe keys."""
    rows = tx.execute(
        sa.select(tasks.c.dedupe_key, tasks.c.id).where(
            tasks.c.dedupe_key.in_(dedupe_keys)
        )
    )
    return {row.dedupe_key: row.id for row in rows}
