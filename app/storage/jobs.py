"""The SQL of the scheduled jobs: how each last ended, and who asked for another run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.storage.tables import jobs
from app.storage.upsert import upsert


def save(tx: sa.Connection, name: str, facts: Mapping[str, Any]) -> None:
    """Write down facts of a job; the rest stays as it is."""
    insert = upsert(tx.dialect.name, jobs).values(name=name, **facts)
    tx.execute(insert.on_conflict_do_update(index_elements=["name"], set_=facts))


def all_rows(tx: sa.Connection) -> dict[str, sa.RowMapping]:
    """Return what is known of each job, by name."""
    rows = tx.execute(sa.select(jobs)).mappings().all()
    return {row["name"]: row for row in rows}


def request(tx: sa.Connection, name: str, *, now: datetime) -> None:
    """Ask for a run; one that is asked for and has not begun is enough."""
    insert = upsert(tx.dialect.name, jobs).values(name=name, requested_at=now)
    asked = sa.func.coalesce(jobs.c.requested_at, insert.excluded.requested_at)
    tx.execute(
        insert.on_conflict_do_update(
            index_elements=["name"], set_={"requested_at": asked}
        )
    )


def requests(tx: sa.Connection) -> dict[str, datetime]:
    """Return the jobs that somebody asked for, and when."""
    query = sa.select(jobs.c.name, jobs.c.requested_at).where(
        jobs.c.requested_at.is_not(None)
    )
    return {row.name: row.requested_at for row in tx.execute(query)}


def answer_request(tx: sa.Connection, name: str, *, requested_at: datetime) -> None:
    """Strike a request that is being met; one that came since then stays."""
    tx.execute(
        sa.update(jobs)
        .where(jobs.c.name == name, jobs.c.requested_at == requested_at)
        .values(requested_at=None)
    )
