"""The scheduler: the one table of jobs, each of which makes rows right.

Started as a service or by `up`; never a second one on the same data. A job may run 0, 1
or 5 times without harm; a run that was missed is caught up once.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from apscheduler.events import (
    EVENT_JOB_EXECUTED,
    EVENT_JOB_MAX_INSTANCES,
    JobExecutionEvent,
    JobSubmissionEvent,
)
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from app import config, logs, service_manager
from app.clock import utc_now
from app.config import Settings
from app.errors import BellhopError, ConfigError, StartError
from app.logs import fields
from app.runtime import Runtime, open_runtime
from app.services import cleanup, dispatch, jobs, recovery, reminders, workers
from app.storage.lock import FileLock
from app.supervisor import parent

log = logging.getLogger("scheduler")

Job = Callable[[Runtime], object]


def _release(runtime: Runtime) -> object:
    return dispatch.release(runtime, look_ups=True)


def _heartbeat(_runtime: Runtime) -> object:
    service_manager.notify("WATCHDOG=1")
    return None


#: Every job; how often each runs stands in `app/domain/schedule.py`.
JOBS: dict[str, Job] = {
    "release": _release,
    "heartbeat": _heartbeat,
    "take_over": workers.take_over,
    "relay": recovery.relay,
    "reminders": reminders.plan_due_reminders,
    "expire": recovery.expire,
    "retry_failed": recovery.retry_failed,
    "cleanup": cleanup.clean_up,
}
#: Jobs with a thread of their own: a long cleanup never delays them.
PROMPT_JOBS = ("release", "heartbeat")
#: How a job ended is written down at most so often; a failure always is.
NOTE_EVERY_S = 4.0
#: A job that is still running when it is due so many times in a row is stuck.
MOST_OVERRUNS = 120
#: When no job has ended for so long, nobody starts them any more: the thread that
#: should has died, or it waits for a clock that was set back to come round again.
SILENT_AFTER_S = 60.0
#: The main thread only waits for the stop, and looks up so often.
LOOK_EVERY_S = 1.0
EXIT_STUCK = 70
EXIT_SECOND = 75
EXIT_CONFIG = 78


def main(argv: Sequence[str] | None = None) -> int:
    """Schedule until told to stop; return the exit code."""
    parser = argparse.ArgumentParser(prog="scheduler.py", description=__doc__)
    parent.add_argument(parser)
    parser.parse_args(argv)
    try:
        settings = config.load()
        logs.configure(settings, process="scheduler")
        return _schedule(settings)
    except ConfigError as error:
        print(f"The scheduler cannot start:\n{error}", file=sys.stderr)  # noqa: T201 - for a person
        return EXIT_CONFIG
    except StartError as error:
        print(f"The scheduler cannot start: {error}", file=sys.stderr)  # noqa: T201 - for a person
        return EXIT_SECOND
    except BellhopError as error:
        print(f"The scheduler cannot start: {error}", file=sys.stderr)  # noqa: T201 - for a person
        return 1


def build(runtime: Runtime) -> BackgroundScheduler:
    """Make a scheduler with every job of the table."""
    one = {"type": "threadpool", "max_workers": 1}
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={
            "default": one,
            **{name: ThreadPoolExecutor(max_workers=1) for name in PROMPT_JOBS},
        },
        job_defaults={
            "coalesce": True,
            "max_instances": 1,
            # None: however late, it is still run, once. The default skips what is a
            # second late without a word.
            "misfire_grace_time": None,
        },
    )
    for name, job in JOBS.items():
        scheduler.add_job(
            Noted(runtime, name, job),
            "interval",
            seconds=runtime.policy.schedule[name].total_seconds(),
            next_run_time=datetime.now(UTC),
            id=name,
            executor=name if name in PROMPT_JOBS else "default",
        )
    return scheduler


class Noted:
    """A job that writes down how it ended, and never lets an error out."""

    def __init__(self, runtime: Runtime, name: str, job: Job) -> None:
        self._runtime = runtime
        self._name = name
        self._job = job
        self._next_note = 0.0

    def __call__(self) -> None:
        """Run the job; an error is logged and noted, and the next run tries again."""
        started_at = utc_now()
        try:
            self._job(self._runtime)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next run comes
            self._note_failure(started_at, error)
            return
        if time.monotonic() >= self._next_note:
            self._next_note = time.monotonic() + NOTE_EVERY_S
            self._note(partial(jobs.note_success, started_at=started_at))

    def _note_failure(self, started_at: datetime, error: Exception) -> None:
        named = isinstance(error, BellhopError)
        words = str(error) if named else type(error).__name__
        log.error(
            "Job failed",
            extra=fields("job_failed", job=self._name, cause=words),
            exc_info=None if named else error,
        )
        note = partial(jobs.note_failure, started_at=started_at, error=words)
        self._note(note)

    def _note(self, note: Callable[[Runtime, str], None]) -> None:
        try:
            note(self._runtime, self._name)
        except Exception as error:  # noqa: BLE001 - the job itself has ended as it has
            cause = type(error).__name__
            extra = fields("job_not_noted", job=self._name, cause=cause)
            log.warning("Job not noted", extra=extra)


class Watch:
    """Ends the process, to be started anew, when a job hangs or none runs any more."""

    def __init__(self, runtime: Runtime, scheduler: BackgroundScheduler) -> None:
        pause_s = min(runtime.policy.schedule.values()).total_seconds()
        self._patience_s = SILENT_AFTER_S + 2 * pause_s
        self._last_end = time.monotonic()
        self._overruns: dict[str, int] = dict.fromkeys(JOBS, 0)
        scheduler.add_listener(self._on_overrun, EVENT_JOB_MAX_INSTANCES)
        scheduler.add_listener(self._on_end, EVENT_JOB_EXECUTED)

    def look(self) -> None:
        """End the process if no job has ended for too long."""
        if time.monotonic() - self._last_end > self._patience_s:
            self._end("no job has run for a minute")

    def _on_overrun(self, event: JobSubmissionEvent) -> None:
        self._overruns[event.job_id] += 1
        if self._overruns[event.job_id] >= MOST_OVERRUNS:
            self._end(f"the job {event.job_id} hangs")

    def _on_end(self, event: JobExecutionEvent) -> None:
        self._last_end = time.monotonic()
        self._overruns[event.job_id] = 0

    def _end(self, why: str) -> None:
        log.critical("Scheduler is stuck", extra=fields("scheduler_stuck", why=why))
        os._exit(EXIT_STUCK)


def _schedule(settings: Settings) -> int:
    with open_runtime(settings) as runtime:
        lock = _only_one(runtime)
        scheduler = build(runtime)
        stop = _stop_on_signals()
        watch = Watch(runtime, scheduler)
        scheduler.start()
        log.info("Scheduler started", extra=fields("scheduler_started"))
        service_manager.notify("READY=1")
        while not stop.wait(LOOK_EVERY_S):  # Windows hears of Ctrl-C between two waits
            watch.look()
        service_manager.notify("STOPPING=1")
        scheduler.shutdown()  # jobs in hand are finished while they have a database
        lock.close()
    log.info("Scheduler stopped", extra=fields("scheduler_stopped"))
    return 0


def _only_one(runtime: Runtime) -> FileLock:
    lock = FileLock(runtime.settings.data_dir / "run" / "scheduler-leader.lock")
    if not lock.try_acquire():
        lock.close()
        raise StartError(
            "another scheduler is running on the same data. Two would do everything "
            "twice; stop the other one first."
        )
    return lock


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for signal_name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        with suppress(AttributeError):  # SIGBREAK is Windows' alone
            signal.signal(getattr(signal, signal_name), lambda *_: stop.set())
    parent.watch_parent(stop.set)
    return stop


if __name__ == "__main__":
    sys.exit(main())
