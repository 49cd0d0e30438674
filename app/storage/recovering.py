"""The SQL of recovery: dead workers' rows, failed ones, expired ones, a person's retry.

Each statement is level-triggered: it makes rows right, and may run any number of times.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.storage.locking import at_hand, waited_for
from app.storage.refusing import doubted
from app.storage.tables import (
    NO_PROVIDER,
    UNSENT,
    attempts,
    notifications,
    tasks,
    workers,
)
from app.storage.types import Moment

_MILLISECOND = timedelta(milliseconds=1)
#: Left to itself SQLite goes by the status, and looks at all that waits.
_USELESS = """
    SELECT seq FROM tasks {index} WHERE {unsent} AND useful_until <= :now {more}
    {order} LIMIT :at_most {lock}
"""
_WAITED = "AND queue = :queue AND useful_until - due_at = :ttl"
#: Whom a task's last attempt called.
_LAST_PROVIDER = (
    sa.select(attempts.c.provider)
    .where(attempts.c.task_id == tasks.c.id, attempts.c.number == tasks.c.attempts)
    .scalar_subquery()
)


@dataclass(frozen=True, kw_only=True)
class InDoubt:
    """Why nobody knows how something ended, and when that is cleared up."""

    reason: str
    clear_up_at: datetime


def register_worker(
    tx: sa.Connection, *, boot_id: str, name: str, host: str, pid: int, now: datetime
) -> None:
    """Write down that a worker lives."""
    row = {
        "boot_id": boot_id,
        "name": name,
        "host": host,
        "pid": pid,
        "started_at": now,
        "heartbeat_at": now,
    }
    tx.execute(sa.insert(workers), [row])


def beat(tx: sa.Connection, *, boot_id: str, now: datetime) -> bool:
    """Write a worker's heartbeat; False where it was taken for dead."""
    beaten = tx.execute(
        sa.update(workers).where(workers.c.boot_id == boot_id).values(heartbeat_at=now)
    )
    return beaten.rowcount == 1


def forget_worker(tx: sa.Connection, *, boot_id: str) -> None:
    """Remove a worker that has ended, or that is known to be dead."""
    tx.execute(sa.delete(workers).where(workers.c.boot_id == boot_id))


def all_workers(tx: sa.Connection) -> list[sa.RowMapping]:
    """Return every worker that was not seen to end, the longest-lived first."""
    query = sa.select(workers).order_by(workers.c.started_at)
    return list(tx.execute(query).mappings())


def orphans(tx: sa.Connection) -> list[str]:
    """Return the boot ids that hold tasks but belong to no worker that is known."""
    query = (
        sa.select(tasks.c.worker_boot_id)
        .where(
            tasks.c.status.in_(["sending", "unknown"]),
            tasks.c.worker_boot_id.not_in(sa.select(workers.c.boot_id)),
        )
        .distinct()
    )
    return list(tx.execute(query).scalars())


def make_unknown(
    tx: sa.Connection,
    *,
    boot_id: str,
    message: InDoubt,
    own: InDoubt,
    now: datetime,
    at_once: Collection[str] = (),
) -> int:
    """Move what a dead worker was sending to `unknown`; return how many rows.

    `message` is for messages, `own` for the owner's own tasks; `at_once`: providers of
    whose messages nobody has to wait for a look-up.
    """
    held = sa.and_(tasks.c.status == "sending", tasks.c.worker_boot_id == boot_id)
    # First the attempts, then the tasks, as whoever records an answer: of two at once
    # one waits for the other.
    tx.execute(
        sa.update(attempts)
        .where(
            attempts.c.task_id.in_(sa.select(tasks.c.id).where(held)),
            attempts.c.ended_at.is_(None),
        )
        .values(
            ended_at=now,
            outcome="ambiguous",
            reason=_why(attempts.c.provider, message, own),
        )
    )
    moved = tx.execute(
        sa.update(tasks)
        .where(waited_for(tx, held))
        .values(
            status="unknown",
            reason=_why(_LAST_PROVIDER, message, own),
            next_attempt_at=sa.case(
                (_LAST_PROVIDER == NO_PROVIDER, sa.literal(own.clear_up_at, Moment)),
                (_LAST_PROVIDER.in_(at_once), sa.literal(now, Moment)),
                else_=sa.literal(message.clear_up_at, Moment),
            ),
            rung_at=None,
            claim=None,
            worker_boot_id=None,
            updated_at=now,
        )
    )
    return moved.rowcount


def free_look_ups(
    tx: sa.Connection, *, boot_id: str, now: datetime, look_up_at: datetime
) -> None:
    """Let the look-ups that a worker had begun, and cannot end, be made again."""
    tx.execute(
        sa.update(tasks)
        .where(
            waited_for(
                tx, tasks.c.worker_boot_id == boot_id, tasks.c.status == "unknown"
            )
        )
        .values(
            next_attempt_at=look_up_at,
            rung_at=None,
            claim=None,
            worker_boot_id=None,
            updated_at=now,
        )
    )


def is_known(tx: sa.Connection, *, recipient: str, provider_message_id: str) -> bool:
    """Tell whether a message to the recipient has this id at its provider."""
    known = sa.select(notifications.c.task_id).where(
        notifications.c.recipient == recipient,
        notifications.c.provider_message_id == provider_message_id,
    )
    return tx.execute(known).first() is not None


def retry_failed(tx: sa.Connection, *, now: datetime, due_before: datetime) -> int:
    """Give failed messages that are due one more attempt; return how many.

    What falls due only until `due_before` leaves at its own moment: a provider may
    have asked for that pause.
    """
    moment = sa.case(
        (tasks.c.next_attempt_at > now, tasks.c.next_attempt_at),
        else_=sa.literal(now, Moment),
    )
    moved = tx.execute(
        sa.update(tasks)
        .where(
            at_hand(
                tx,
                tasks.c.status == "failed",
                tasks.c.next_attempt_at <= due_before,
                tasks.c.useful_until > now,
            )
        )
        .values(status="retrying", next_attempt_at=moment, updated_at=now)
    )
    return moved.rowcount


def expire_useless(
    tx: sa.Connection,
    *,
    reason: str,
    unasked: Collection[str],
    now: datetime,
    at_most: int,
    waited: tuple[str, timedelta] | None = None,
) -> int:
    """Expire unsent messages that would come too late, so many at most; count them.

    `waited`: only those of a queue that have waited for so long, its ttl. `unasked`: as
    in `refusing.doubted`.
    """
    facts: dict[str, Any] = {"now": now, "at_most": at_most}
    if waited is not None:
        queue, ttl = waited
        facts |= {"queue": queue, "ttl": ttl // _MILLISECOND}
    statement = _useless(tx, more="" if waited is None else _WAITED)
    seqs = list(tx.execute(statement, facts).scalars())
    if not seqs:
        return 0
    moved = tx.execute(
        sa.update(tasks)
        .where(tasks.c.seq.in_(seqs))
        .values(
            status="expired",
            reason=doubted(
                sa.case(
                    (tasks.c.reason == "", reason),
                    else_=sa.literal(f"{reason} Before that: ") + tasks.c.reason,
                ),
                unasked=unasked,
            ),
            next_attempt_at=None,
            finished_at=now,
            updated_at=now,
        )
    )
    return moved.rowcount


def give_up_unknown(
    tx: sa.Connection, *, useless_since: datetime, reason: str, now: datetime
) -> int:
    """Give up unknown outcomes that no look-up has cleared up; return how many."""
    moved = tx.execute(
        sa.update(tasks)
        .where(
            at_hand(
                tx, tasks.c.status == "unknown", tasks.c.useful_until <= useless_since
            )
        )
        .values(
            status="dead",
            reason=reason,
            next_attempt_at=None,
            claim=None,
            worker_boot_id=None,
            finished_at=now,
            updated_at=now,
        )
    )
    return moved.rowcount


def _why(
    provider: sa.ColumnElement[str], message: InDoubt, own: InDoubt
) -> sa.ColumnElement[str]:
    return sa.case((provider == NO_PROVIDER, own.reason), else_=message.reason)


def _useless(tx: sa.Connection, *, more: str) -> sa.TextClause:
    is_sqlite = tx.dialect.name == "sqlite"
    sql = _USELESS.format(
        index="INDEXED BY ix_tasks_useful" if is_sqlite else "",
        unsent=UNSENT,
        more=more,
        # As everywhere: the newest first, so that none waits in a circle.
        order="" if is_sqlite else "ORDER BY seq DESC",
        lock="" if is_sqlite else "FOR NO KEY UPDATE SKIP LOCKED",
    )
    return sa.text(sql).bindparams(sa.bindparam("now", type_=Moment))
