"""When each scheduled job last ran and how it ended; kept for pages and for health."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.clock import utc_now
from app.runtime import Runtime
from app.storage.tables import jobs

#: The job that only says that the scheduler lives.
HEARTBEAT = "heartbeat"


def note_success(runtime: Runtime, name: str, *, started_at: datetime) -> None:
    """Write down that a job ended well."""
    facts = {"started_at": started_at, "succeeded_at": utc_now(), "error": ""}
    _save(runtime, name, facts)


def note_failure(
    runtime: Runtime, name: str, *, started_at: datetime, error: str
) -> None:
    """Write down that a job failed, and why."""
    _save(runtime, name, {"started_at": started_at, "error": error})


def all_jobs(runtime: Runtime) -> dict[str, sa.RowMapping]:
    """Return what is known of each job that has ever run."""
    with runtime.database.read() as tx:
        rows = tx.execute(sa.select(jobs)).mappings().all()
    return {row["name"]: row for row in rows}


def _save(runtime: Runtime, name: str, facts: dict[str, Any]) -> None:
    dialect = sqlite if runtime.database.engine.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(jobs).on_conflict_do_update(
        index_elements=["name"], set_=facts
    )
    with runtime.database.write() as tx:
        tx.execute(statement, [{"name": name, **facts}])
