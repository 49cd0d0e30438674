"""The SQL that decides what leaves next; called by `services/dispatch.py` alone.

Conditions on the status are written out so that the partial indexes serve them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.storage.tables import HOLDING_BACK, tasks
from app.storage.types import Moment


@dataclass(frozen=True, kw_only=True)
class Rung:
    """A task whose doorbell is to be rung once the transaction has committed."""

    id: str
    worker: str


#: Of the waiting rows those that are due, the most urgent first. A row waits for every
#: earlier one to the same recipient that is under way or due itself. The unary plus
#: keeps SQLite from choosing an index on the time, which would mean sorting all.
_RELEASE = sa.text(
    f"""
    UPDATE tasks SET status = 'queued', rung_at = :now, updated_at = :now
    WHERE seq IN (
        SELECT t.seq FROM tasks AS t
        WHERE t.status IN ('pending', 'retrying')
          AND + t.next_attempt_at <= :now
          AND NOT EXISTS (
            SELECT 1 FROM tasks AS e
            WHERE e.order_key = t.order_key AND e.seq < t.seq
              AND e.{HOLDING_BACK}
              AND NOT (e.status = 'pending' AND e.next_attempt_at > :now)
          )
        ORDER BY t.priority, t.useful_until, t.seq
        LIMIT :room
    )
    RETURNING id, worker, priority, useful_until, seq
    """  # noqa: S608 - a constant of ours
).bindparams(sa.bindparam("now", type_=Moment))

_QUEUED = sa.text("SELECT count(*) FROM tasks WHERE status = 'queued'")

#: Unknown outcomes whose look-up is due and was not rung for since it fell due.
_LOOK_UPS = (
    sa.update(tasks)
    .where(
        tasks.c.status == "unknown",
        tasks.c.next_attempt_at <= sa.bindparam("now"),
        sa.or_(tasks.c.rung_at.is_(None), tasks.c.rung_at < tasks.c.next_attempt_at),
    )
    .values(rung_at=sa.bindparam("now"))
    .returning(tasks.c.id, tasks.c.worker)
)

_RING_AGAIN = (
    sa.update(tasks)
    .where(
        sa.or_(
            tasks.c.status == "queued",
            sa.and_(
                tasks.c.status == "unknown", tasks.c.next_attempt_at <= tasks.c.rung_at
            ),
        ),
        tasks.c.rung_at <= sa.bindparam("before"),
    )
    .values(rung_at=sa.bindparam("now"))
    .returning(tasks.c.id, tasks.c.worker)
)


def count_queued(tx: sa.Connection) -> int:
    """Return how many rows have a doorbell in the queue."""
    return int(tx.execute(_QUEUED).scalar_one())


def release(tx: sa.Connection, *, now: datetime, room: int) -> list[Rung]:
    """Mark up to `room` due rows `queued`, and return them, the most urgent first."""
    rows = tx.execute(_RELEASE, {"now": now, "room": room}).all()
    rows = sorted(rows, key=lambda row: (row.priority, row.useful_until, row.seq))
    return [Rung(id=row.id, worker=row.worker) for row in rows]


def due_look_ups(tx: sa.Connection, *, now: datetime) -> list[Rung]:
    """Return the unknown outcomes whose look-up is due; each is returned once."""
    rows = tx.execute(_LOOK_UPS, {"now": now}).all()
    return [Rung(id=row.id, worker=row.worker) for row in rows]


def unanswered(tx: sa.Connection, *, now: datetime, before: datetime) -> list[Rung]:
    """Return the rows that were rung for before `before` and are waiting still."""
    rows = tx.execute(_RING_AGAIN, {"now": now, "before": before}).all()
    return [Rung(id=row.id, worker=row.worker) for row in rows]


def put_back(tx: sa.Connection, *, ids: Sequence[str], now: datetime) -> None:
    """Make queued rows wait again: their doorbell could not be rung."""
    tx.execute(
        sa.update(tasks)
        .where(tasks.c.id.in_(ids), tasks.c.status == "queued")
        .values(status="pending", rung_at=None, updated_at=now)
    )
