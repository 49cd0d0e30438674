"""The SQL by which a task that is due is moved aside without an attempt.

Guarded by its state: a task that somebody else has taken is left alone.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from app.domain.gate import MAY_HAVE_LEFT
from app.domain.outcomes import Result
from app.storage.tables import attempts, tasks

#: Not taken yet.
_WAITS = tasks.c.status.in_(["queued", "pending", "retrying"])

_POSTPONE = (
    sa.update(tasks)
    .where(tasks.c.id == sa.bindparam("task_id"), _WAITS)
    .values(
        status=sa.case((tasks.c.status == "queued", "pending"), else_=tasks.c.status),
        reason=sa.bindparam("reason"),
        next_attempt_at=sa.bindparam("until"),
        rounds=tasks.c.rounds + 1,
        updated_at=sa.bindparam("now"),
        rung_at=None,
    )
)

_DELAY = (
    sa.update(tasks)
    .where(tasks.c.id == sa.bindparam("task_id"), _WAITS)
    .values(
        # Not `retrying`, which would hold back what may leave to the same recipient.
        status=sa.case((tasks.c.status == "queued", "pending"), else_=tasks.c.status),
        reason=sa.bindparam("reason"),
        next_attempt_at=sa.bindparam("until"),
        updated_at=sa.bindparam("now"),
        rung_at=None,
    )
)


def refuse(
    tx: sa.Connection,
    *,
    task_id: str,
    status: str,
    reason: sa.ColumnElement[str],
    now: datetime,
) -> bool:
    """Give a waiting task its last state without an attempt; tell whether it waited."""
    ended = tx.execute(
        sa.update(tasks)
        .where(tasks.c.id == task_id, _WAITS)
        .values(
            status=status,
            reason=reason,
            next_attempt_at=None,
            finished_at=now,
            updated_at=now,
            rung_at=None,
        )
    )
    return ended.rowcount == 1


def may_have_it(
    tx: sa.Connection, *, task_id: str, unasked: Collection[str]
) -> str | None:
    """Return a provider of which nobody knows whether it took the task, if any.

    `unasked`: the providers that are not asked, as a second time there is harmless.
    """
    query = (
        sa.select(attempts.c.provider)
        .where(
            attempts.c.task_id == task_id,
            attempts.c.outcome == Result.AMBIGUOUS,
            attempts.c.provider.in_(unasked),
        )
        .order_by(attempts.c.number.desc())
    )
    found: str | None = tx.execute(query.limit(1)).scalar_one_or_none()
    return found


def doubted(
    reason: str | sa.ColumnElement[str], *, unasked: Collection[str]
) -> sa.ColumnElement[str]:
    """Return the reason for an update of tasks; it says so where one may have left.

    `unasked`: as in `may_have_it`.
    """
    has_it = sa.exists().where(
        attempts.c.task_id == tasks.c.id,
        attempts.c.outcome == Result.AMBIGUOUS,
        attempts.c.provider.in_(unasked),
    )
    return sa.case((has_it, reason + MAY_HAVE_LEFT), else_=reason)


def rounds_of(tx: sa.Connection, *, task_id: str) -> int | None:
    """Return how often a waiting task was put off for long; None: it does not wait."""
    query = sa.select(tasks.c.rounds).where(tasks.c.id == task_id, _WAITS)
    return tx.execute(query).scalar_one_or_none()


def postpone(
    tx: sa.Connection, *, task_id: str, reason: str, now: datetime, until: datetime
) -> None:
    """Let a task wait longer without an attempt; one that was taken is left."""
    facts = {"task_id": task_id, "reason": reason, "now": now, "until": until}
    tx.execute(_POSTPONE, facts)


def delay(
    tx: sa.Connection, *, task_id: str, reason: str, now: datetime, until: datetime
) -> bool:
    """Let a waiting task wait until then, without an attempt; tell if it waited."""
    facts = {"task_id": task_id, "reason": reason, "now": now, "until": until}
    return tx.execute(_DELAY, facts).rowcount == 1
