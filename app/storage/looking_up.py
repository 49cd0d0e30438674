"""The SQL of an unknown outcome: one worker takes it, and knows what was sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.storage.tables import attempts, tasks


@dataclass(frozen=True, kw_only=True)
class PastAttempt:
    """Whom an attempt called and when, and the words that were sent."""

    provider: str
    started_at: datetime
    text: str


_CLAIM_LOOK_UP = (
    sa.update(tasks)
    .where(
        tasks.c.id == sa.bindparam("task_id"),
        tasks.c.status == "unknown",
        tasks.c.next_attempt_at <= sa.bindparam("now"),
    )
    .values(
        claim=sa.bindparam("token"),
        worker_boot_id=sa.bindparam("boot_id"),
        rung_at=None,
        next_attempt_at=sa.bindparam("until"),
        updated_at=sa.bindparam("now"),
    )
)


def claim_look_up(
    tx: sa.Connection,
    *,
    task_id: str,
    boot_id: str,
    token: str,
    now: datetime,
    until: datetime,
) -> bool:
    """Take an unknown outcome for a look-up; nobody else takes it before `until`."""
    facts = {
        "task_id": task_id,
        "boot_id": boot_id,
        "token": token,
        "now": now,
        "until": until,
    }
    return tx.execute(_CLAIM_LOOK_UP, facts).rowcount == 1


def last_attempt(tx: sa.Connection, *, task_id: str) -> PastAttempt:
    """Return whom the task's last attempt called and when, and its words."""
    query = (
        sa.select(attempts.c.provider, attempts.c.started_at, attempts.c.text)
        .where(attempts.c.task_id == task_id)
        .order_by(attempts.c.number.desc())
        .limit(1)
    )
    row = tx.execute(query).one()
    return PastAttempt(provider=row.provider, started_at=row.started_at, text=row.text)


def settle_crashed(
    tx: sa.Connection,
    *,
    task_id: str,
    status: str,
    reason: str,
    crashes: int,
    now: datetime,
) -> None:
    """Decide about an unknown task that nobody can be asked about."""
    is_over = status == "dead"
    tx.execute(
        sa.update(tasks)
        .where(tasks.c.id == task_id, tasks.c.status == "unknown")
        .values(
            status=status,
            reason=reason,
            resends=crashes,
            next_attempt_at=None if is_over else now,
            finished_at=now if is_over else None,
            claim=None,
            worker_boot_id=None,
            updated_at=now,
        )
    )
