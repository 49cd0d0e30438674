"""Who works, and on what: for pages and commands; changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.clock import utc_now
from app.runtime import Runtime
from app.services.health import HEARTBEAT_MISSED
from app.storage import recovering, working


@dataclass(frozen=True, kw_only=True)
class Current:
    """What a worker has in hand."""

    task_id: str
    kind: str
    queue: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A worker that was not seen to end."""

    name: str
    boot_id: str
    host: str
    pid: int
    started_at: datetime
    heartbeat_at: datetime
    #: Heard of of late; one that is not is dead, or cannot reach the database.
    alive: bool
    current: Current | None


def all_workers(runtime: Runtime) -> list[Worker]:
    """Return every worker, the longest-lived first."""
    with runtime.database.read() as tx:
        rows = recovering.all_workers(tx)
        held = {row["worker_boot_id"]: row for row in working.held(tx)}
    heard_after = utc_now() - HEARTBEAT_MISSED
    return [
        _worker(row, held=held.get(row["boot_id"]), heard_after=heard_after)
        for row in rows
    ]


def _worker(
    row: sa.RowMapping, *, held: sa.RowMapping | None, heard_after: datetime
) -> Worker:
    return Worker(
        name=row["name"],
        boot_id=row["boot_id"],
        # Its data directory stands behind the colon.
        host=row["host"].partition(":")[0],
        pid=row["pid"],
        started_at=row["started_at"],
        heartbeat_at=row["heartbeat_at"],
        alive=row["heartbeat_at"] > heard_after,
        current=None if held is None else _current(held),
    )


def _current(held: sa.RowMapping) -> Current:
    return Current(
        task_id=held["id"],
        kind=held["kind"],
        queue=held["queue"],
        since=held["since"],
    )
