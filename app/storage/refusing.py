"""The SQL by which a queued task leaves the queue without an attempt.

Guarded by the state that was read: a task that somebody else has taken is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.storage.tables import tasks

_REFUSE = (
    sa.update(tasks)
    .where(
        tasks.c.id == sa.bindparam("task_id"),
        tasks.c.status == "queued",
    )
    .values(
        status=sa.bindparam("status"),
        reason=sa.bindparam("reason"),
        next_attempt_at=sa.bindparam("next_attempt_at"),
        finished_at=sa.bindparam("finished_at"),
        updated_at=sa.bindparam("now"),
        rung_at=None,
    )
)


_POSTPONE = (
    sa.update(tasks)
    .where(
        tasks.c.id == sa.bindparam("task_id"),
        tasks.c.status == "queued",
    )
    .values(
        status="pending",
        reason=sa.bindparam("reason"),
        next_attempt_at=sa.bindparam("until"),
        rounds=tasks.c.rounds + 1,
        updated_at=sa.bindparam("now"),
        rung_at=None,
    )
)


def refuse(tx: sa.Connection, *, task_id: str, to: Mapping[str, Any]) -> bool:
    """Move a queued task aside without an attempt; tell whether it was still queued."""
    return tx.execute(_REFUSE, {"task_id": task_id, **to}).rowcount == 1


def rounds_of(tx: sa.Connection, *, task_id: str) -> int | None:
    """Return how often a queued task had to wait for a long time; None: no such."""
    query = sa.select(tasks.c.rounds).where(
        tasks.c.id == task_id, tasks.c.status == "queued"
    )
    return tx.execute(query).scalar_one_or_none()


def postpone(
    tx: sa.Connection, *, task_id: str, reason: str, now: datetime, until: datetime
) -> None:
    """Let a queued task wait without an attempt; one that is not queued is left."""
    facts = {"task_id": task_id, "reason": reason, "now": now, "until": until}
    tx.execute(_POSTPONE, facts)
