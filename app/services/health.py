"""Whether the box is ready to work: database, queue, a worker and the scheduler.

Asked by `/readyz`, `doctor` and `up`; each answer is a sentence that a person can use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import utc_now
from app.domain.queues import MAIN_WORKER
from app.errors import BellhopError
from app.runtime import Runtime
from app.services.jobs import HEARTBEAT, all_jobs
from app.storage import recovering

#: A heartbeat comes every few seconds; one that is older than this is missed.
HEARTBEAT_MISSED = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One part of the box: whether it is well, and what is wrong if it is not."""

    name: str
    ok: bool
    detail: str = ""


def checks(runtime: Runtime) -> list[Check]:
    """Look at every part; a broken one never hides the others."""
    now = utc_now()
    return [
        _check("database", lambda: _database(runtime)),
        _check("queue", lambda: _queue(runtime)),
        _check("worker", lambda: _worker(runtime, now)),
        _check("scheduler", lambda: _scheduler(runtime, now)),
    ]


def _check(name: str, look: Callable[[], str]) -> Check:
    try:
        trouble = look()
    except BellhopError as error:
        trouble = str(error)
    return Check(name=name, ok=not trouble, detail=trouble)


def _database(runtime: Runtime) -> str:
    with runtime.database.read() as tx:
        tx.exec_driver_sql("SELECT 1")
    return ""


def _queue(runtime: Runtime) -> str:
    runtime.doorbell.ping()
    return ""


def _worker(runtime: Runtime, now: datetime) -> str:
    with runtime.database.read() as tx:
        workers = recovering.all_workers(tx)
    beating = {
        row["name"] for row in workers if row["heartbeat_at"] > now - HEARTBEAT_MISSED
    }
    missing = {q.worker for q in runtime.policy.queues.values()} - beating
    return " ".join(_missing(name) for name in sorted(missing))


def _missing(worker: str) -> str:
    if worker == MAIN_WORKER:
        return "No worker is running: messages wait. Start `python worker.py`."
    return (
        f"The worker {worker} is not running: messages wait. "
        f"Start `python worker.py --name {worker}`."
    )


def _scheduler(runtime: Runtime, now: datetime) -> str:
    beat = all_jobs(runtime).get(HEARTBEAT)
    if beat is not None and beat["started_at"] > now - HEARTBEAT_MISSED:
        return ""
    return "The scheduler is not running: no reminders. Start `python scheduler.py`."
