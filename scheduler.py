"""The scheduler: the one table of jobs, each of which makes rows right.

Started as a service or by `up`. Several may run on one PostgreSQL, also on several
hosts: one leads, the others wait. A job may run 0, 1 or 5 times without harm; a run
that was missed is caught up once.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from apscheduler.events import (
    EVENT_JOB_EXECUTED,
    EVENT_JOB_MAX_INSTANCES,
    JobExecutionEvent,
    JobSubmissionEvent,
)
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from app import config, logs, service_manager
from app.config import Settings
from app.domain.schedule import Cron, Timing
from app.errors import BellhopError, ConfigError, StartError
from app.logs import fields
from app.runtime import Runtime, open_runtime
from app.services import (
    bounces,
    cleanup,
    climbing,
    dispatch,
    following,
    jobs,
    own_schedule,
    receipts,
    recovery,
    reminders,
    silence,
    verifications,
    workers,
)
from app.services.actors_found import load_actors
from app.services.job_runs import JobRun, Work
from app.services.leadership import Leadership
from app.services.leading import Lead
from app.storage.lock import FileLock
from app.supervisor import parent

log = logging.getLogger("scheduler")


def _release(runtime: Runtime) -> object:
    return dispatch.release(runtime)


def _heartbeat(_runtime: Runtime) -> object:
    return None  # that it ran is written down, like any other job's run


#: Every job; when each runs stands in `app/domain/schedule.py`.
JOBS: dict[str, Work] = {
    "release": _release,
    "heartbeat": _heartbeat,
    "take_over": workers.take_over,
    "relay": recovery.relay,
    "receipts": receipts.match_receipts,
    "silence": silence.look_out,
    "codes": verifications.forget_codes,
    "ladders": climbing.climb_ladders,
    "bounces": bounces.plan_reading,
    "reminders": reminders.plan_due_reminders,
    "expire": recovery.expire,
    "retry_failed": recovery.retry_failed,
    "own_schedule": own_schedule.plan_due,
    "own_tasks": following.tie_loose_ends,
    "cleanup": cleanup.clean_up,
}
#: Jobs with a thread of their own: nothing delays the first two, and a cleanup, which
#: may take minutes, delays nothing.
APART = ("release", "heartbeat", "cleanup")
#: What runs every second on every scheduler, whether it leads or waits.
LEAD = "lead"
LEAD_EVERY_S = 1
#: A job that is still running when it is due so many times in a row is stuck.
MOST_OVERRUNS = 120
#: When no job has ended for so long, nobody starts them any more: the thread that
#: should has died, or it waits for a clock that was set back to come round again.
SILENT_AFTER_S = 60.0
#: The main thread only waits for the stop, and looks up so often.
LOOK_EVERY_S = 1.0
#: Between two looks: the process itself was stopped, and what it did must come round.
STOPPED_AFTER_S = 10.0
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


def build(runtime: Runtime, leadership: Leadership) -> tuple[BackgroundScheduler, Lead]:
    """Make a scheduler with every job of the table; they wait until it leads."""
    one = {"type": "threadpool", "max_workers": 1}
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={
            "default": one,
            **{name: ThreadPoolExecutor(max_workers=1) for name in APART},
        },
        job_defaults={
            "coalesce": True,
            "max_instances": 1,
            # None: however late, it is still run, once. The default skips what is a
            # second late without a word.
            "misfire_grace_time": None,
        },
    )
    runs = {
        name: JobRun(runtime, name, work=work, leadership=leadership)
        for name, work in JOBS.items()
    }
    for name, run in runs.items():
        scheduler.add_job(
            run,
            _trigger(runtime, runtime.policy.schedule[name]),
            next_run_time=None,
            id=name,
            executor=name if name in APART else "default",
        )
    lead = Lead(runtime, leadership, timetable=scheduler, runs=runs)
    scheduler.add_job(
        lead,
        IntervalTrigger(seconds=LEAD_EVERY_S, timezone=UTC),
        next_run_time=datetime.now(UTC),
        id=LEAD,
        executor=jobs.HEARTBEAT,
    )
    return scheduler, lead


class CronTimes(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """The times of a cron line, in the business's time zone.

    APScheduler's own CronTrigger counts weekdays from Monday, runs twice in an hour
    that comes twice, and not at the first moment after one that is skipped.
    """

    def __init__(self, line: Cron, timezone: ZoneInfo) -> None:
        self._line = line
        self._timezone = timezone

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime:
        """Return the next time; what lies between two runs is caught up by one."""
        after = max(previous_fire_time or now, now)
        return self._line.next_after(after, timezone=self._timezone)


def _trigger(runtime: Runtime, timing: Timing) -> BaseTrigger:
    if isinstance(timing, Cron):
        return CronTimes(timing, ZoneInfo(runtime.settings.timezone))
    return IntervalTrigger(seconds=timing.total_seconds(), timezone=UTC)


class Watch:
    """Ends the process, to be started anew, when a job hangs or none runs any more."""

    def __init__(self, scheduler: BackgroundScheduler) -> None:
        self._last_end = self._last_look = time.monotonic()
        self._overruns: dict[str, int] = dict.fromkeys((*JOBS, LEAD), 0)
        scheduler.add_listener(self._on_overrun, EVENT_JOB_MAX_INSTANCES)
        scheduler.add_listener(self._on_end, EVENT_JOB_EXECUTED)

    def look(self) -> None:
        """End the process if no job has ended for too long."""
        now = time.monotonic()
        if now - self._last_look > STOPPED_AFTER_S:
            self._last_end = now
        self._last_look = now
        if now - self._last_end > SILENT_AFTER_S + 2 * LEAD_EVERY_S:
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
    with open_runtime(settings, registry=load_actors()) as runtime:
        leadership = Leadership(runtime)
        lock = _only_one_here(runtime, leadership)
        scheduler, lead = build(runtime, leadership)
        stop = _stop_on_signals()
        watch = Watch(scheduler)
        scheduler.start()
        log.info("Scheduler started", extra=fields("scheduler_started"))
        service_manager.notify("READY=1")
        while not stop.wait(LOOK_EVERY_S):  # Windows hears of Ctrl-C between two waits
            watch.look()
        service_manager.notify("STOPPING=1")
        lead.close()
        cleanup.stop()
        scheduler.shutdown()  # jobs in hand are finished while they have a database
        leadership.give_back()
        lock.close()
    log.info("Scheduler stopped", extra=fields("scheduler_stopped"))
    return 0


def _only_one_here(runtime: Runtime, leadership: Leadership) -> ExitStack:
    """Refuse a second scheduler on SQLite, which two hosts cannot share."""
    held = ExitStack()
    if runtime.database.engine.dialect.name != "sqlite":
        return held
    lock = FileLock(runtime.settings.data_dir / "run" / "scheduler-leader.lock")
    held.callback(lock.close)
    if not lock.try_acquire():
        held.close()
        raise StartError(
            "another scheduler is running on the same data. Two would do everything "
            "twice; stop the other one first."
        )
    leadership.succeed()  # the kernel says that nobody else lives
    return held


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for signal_name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        with suppress(AttributeError):  # SIGBREAK is Windows' alone
            signal.signal(getattr(signal, signal_name), lambda *_: stop.set())
    parent.watch_parent(stop.set)
    return stop


if __name__ == "__main__":
    sys.exit(main())
