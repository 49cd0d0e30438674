"""`inspect workers` and `inspect active`: who works, and on what."""

from __future__ import annotations

from collections.abc import Sequence

from app.clock import utc_now
from app.commands.printing import second, span, table
from app.runtime import Runtime
from app.services import at_work
from app.services.at_work import Current, Worker
from app.web.schemas.workers import worker_answer


def for_people(found: Sequence[Worker]) -> str:
    """Write every worker as a line of a table."""
    if not found:
        return "No worker is running. Start `python worker.py`."
    headings = ("WORKER", "HOST", "PID", "STARTED (UTC)", "STATE")
    rows = [(w.name, w.host, w.pid, second(w.started_at), _state(w)) for w in found]
    return table(headings, rows)


def for_machines(found: Sequence[Worker]) -> object:
    """Write them as the API does."""
    return {"data": [worker_answer(worker) for worker in found]}


def busy(runtime: Runtime) -> list[Worker]:
    """Return the workers that have something in hand."""
    return [worker for worker in at_work.all_workers(runtime) if worker.current]


def tasks_for_people(found: Sequence[Worker]) -> str:
    """Write what is in hand as a line of a table."""
    if not found:
        return "No worker has anything in hand."
    headings = ("TASK", "KIND", "QUEUE", "WORKER", "PID", "FOR")
    rows = [
        (c.task_id, c.kind, c.queue, worker.name, worker.pid, _for(c))
        for worker in found
        if (c := worker.current) is not None
    ]
    return table(headings, rows)


def _state(worker: Worker) -> str:
    if not worker.alive:
        return f"silent since {second(worker.heartbeat_at)}"
    if worker.current is None:
        return "idle"
    return f"{worker.current.kind} for {_for(worker.current)}"


def _for(current: Current) -> str:
    return span((utc_now() - current.since).total_seconds())
