"""A task that waits in the operating system for far longer than it may."""

from __future__ import annotations

import threading

from app.work import current_task, task

#: Longer than a test would wait.
FOR_EVER_S = 600.0


@task(soft_time_limit="0.5s", time_limit="1s", retry_delays=("1s",))
def oversleep() -> str:
    """Wait for nobody at the first attempt."""
    running = current_task()
    if running is not None and running.attempt == 1:
        threading.Event().wait(FOR_EVER_S)
    return "awake"
