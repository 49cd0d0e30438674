"""Workers in the API's JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.services.at_work import Worker


class CurrentAnswer(BaseModel):
    """What a worker has in hand, and since when."""

    task_id: str
    kind: str
    queue: str
    since: datetime


class WorkerAnswer(BaseModel):
    """A worker that was not seen to end; `alive`: its heartbeat is fresh."""

    name: str
    boot_id: str
    host: str
    pid: int
    started_at: datetime
    heartbeat_at: datetime
    alive: bool
    current: CurrentAnswer | None


class WorkersAnswer(BaseModel):
    """Every worker, the longest-lived first."""

    data: list[WorkerAnswer]


def worker_answer(worker: Worker) -> dict[str, Any]:
    """Write a worker."""
    return asdict(worker)
