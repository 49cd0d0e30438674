"""Which rows a statement changes where others change them too: PostgreSQL's locks.

SQLite has one writer at a time; there nothing is locked and nothing is skipped. Tasks
are waited for in one order everywhere, the newest first, so that of two transactions
none ever waits for the other one's rows in a circle.
"""

from __future__ import annotations

import sqlalchemy as sa

from app.storage.tables import tasks


def waited_for(
    tx: sa.Connection, *conditions: sa.ColumnElement[bool]
) -> sa.ColumnElement[bool]:
    """Choose tasks for a change; wait for those that somebody else changes just now."""
    return _chosen(tx, conditions, skip_locked=False)


def at_hand(
    tx: sa.Connection, *conditions: sa.ColumnElement[bool]
) -> sa.ColumnElement[bool]:
    """Choose tasks for a change, but for those that somebody else changes just now.

    For what comes again by itself, or reports what it has left alone.
    """
    return _chosen(tx, conditions, skip_locked=True)


def wait_for(tx: sa.Connection, *, task_id: str) -> None:
    """Wait until nobody else is changing a task; it is locked until the commit."""
    if tx.dialect.name != "sqlite":
        tx.execute(sa.select(tasks.c.seq).where(waited_for(tx, tasks.c.id == task_id)))


def is_at_hand(tx: sa.Connection, *, task_id: str) -> bool:
    """Tell whether nobody else is changing the row; it is locked until the commit.

    Who has his turn waits for no row: its holder may be waiting for his turn.
    """
    if tx.dialect.name == "sqlite":
        return True
    found = sa.select(tasks.c.seq).where(at_hand(tx, tasks.c.id == task_id))
    return tx.execute(found).first() is not None


def _chosen(
    tx: sa.Connection,
    conditions: tuple[sa.ColumnElement[bool], ...],
    *,
    skip_locked: bool,
) -> sa.ColumnElement[bool]:
    if tx.dialect.name == "sqlite":
        return sa.and_(*conditions)
    seqs = (
        sa.select(tasks.c.seq)
        .where(*conditions)
        .order_by(tasks.c.seq.desc())
        # Not FOR UPDATE: an attempt that refers to the task may be written meanwhile.
        .with_for_update(key_share=True, skip_locked=skip_locked)
    )
    return tasks.c.seq.in_(seqs)
