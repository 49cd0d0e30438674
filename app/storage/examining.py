"""The SQL with which `doctor` examines a database; it changes nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from app.storage.tables import bookings, jobs, tasks, workers

SERVER_SETTINGS = (
    "server_version",
    "server_encoding",
    "fsync",
    "full_page_writes",
    "synchronous_commit",
)
#: Every process writes one of these as it works.
_WRITTEN_NOW = (
    workers.c.heartbeat_at,
    jobs.c.started_at,
    tasks.c.created_at,
    bookings.c.created_at,
)


def faults_of_file(tx: sa.Connection) -> list[str]:
    """Read all of an SQLite file; return what is wrong with it, at most a few lines."""
    lines = tx.exec_driver_sql("PRAGMA quick_check(5)").scalars().all()
    return [str(line) for line in lines if line != "ok"]


def server_settings(tx: sa.Connection) -> dict[str, str]:
    """Return PostgreSQL's settings of which a box should know."""
    names = sa.text("SELECT name, setting FROM pg_settings WHERE name IN :names")
    wanted = names.bindparams(sa.bindparam("names", SERVER_SETTINGS, expanding=True))
    return {row.name: row.setting for row in tx.execute(wanted)}


def newest_moment(tx: sa.Connection) -> datetime | None:
    """Return the latest moment at which something was written; None: nothing was."""
    found = [tx.execute(sa.select(sa.func.max(c))).scalar() for c in _WRITTEN_NOW]
    return max((moment for moment in found if moment is not None), default=None)


def count_overdue(
    tx: sa.Connection, *, due_before: datetime, among: Collection[str]
) -> int:
    """Count the messages in these states that should have left before that moment."""
    query = sa.select(sa.func.count()).where(
        tasks.c.status.in_(among), tasks.c.next_attempt_at < due_before
    )
    return int(tx.execute(query).scalar_one())
