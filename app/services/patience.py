"""Waits for a task's end, for a caller who wants to be told at once.

Called by `GET /tasks/{id}?wait=` and by `ping`. Looks at the row now and then, with no
transaction open in between.
"""

from __future__ import annotations

import threading
import time

from app.domain.tasks import FINISHED, Status
from app.runtime import Runtime
from app.storage import own_tasks

#: So many may wait in one process at the same time.
MOST_WAITING = 8
#: The pause between two looks grows, so that a long wait costs next to nothing.
_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.25
_GROWTH = 1.3

_seats = threading.BoundedSemaphore(MOST_WAITING)
_is_over = threading.Event()


def wait_for_end(runtime: Runtime, task_id: str, *, within_s: float) -> bool:
    """Return when the task has ended or time is up; tell whether it has ended.

    At once where there is no such task, or where too many wait already.
    """
    if not _seats.acquire(blocking=False):
        return _has_ended(runtime, task_id)
    try:
        return _wait(runtime, task_id, until=time.monotonic() + within_s)
    finally:
        _seats.release()


def let_all_go() -> None:
    """Let nobody wait any more: the process is to end."""
    _is_over.set()


def _wait(runtime: Runtime, task_id: str, *, until: float) -> bool:
    pause_s = _FIRST_PAUSE_S
    while not _has_ended(runtime, task_id):
        left_s = until - time.monotonic()
        if left_s <= 0 or _is_over.wait(min(pause_s, left_s)):
            return False
        pause_s = min(pause_s * _GROWTH, _LONGEST_PAUSE_S)
    return True


def _has_ended(runtime: Runtime, task_id: str) -> bool:
    with runtime.database.read() as tx:
        status = own_tasks.status_of(tx, task_id)
    return status is None or Status(status) in FINISHED
