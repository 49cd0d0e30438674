"""The scheduled jobs: how each last ended, when it comes next, and who wants it now.

Written by the scheduler; shown on pages, by commands and in health. Starts no job by
itself: a run that is asked for is begun by the scheduler that leads.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.schedule import Timing, write_timing
from app.errors import NotFoundError
from app.runtime import Runtime
from app.services.leadership import Leaders, leaders
from app.storage import jobs

#: The job that only says that the scheduler lives.
HEARTBEAT = "heartbeat"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job as people see it; None where a thing has never been, or is not known."""

    name: str
    #: As the policy has it: `5m`, `0 2 * * *`.
    timing: str
    #: When the last run that has ended began, and how it ended.
    last_run_at: datetime | None = None
    last_success_at: datetime | None = None
    error: str = ""
    #: In the past: it is late, because no scheduler leads.
    next_run_at: datetime | None = None
    requested_at: datetime | None = None
    #: Of a run that takes longer than a moment.
    running_since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Every job, and the schedulers."""

    jobs: tuple[Job, ...]
    leaders: Leaders


def schedule(runtime: Runtime) -> Schedule:
    """Return every job in the order of the table, and who leads."""
    with runtime.database.read() as tx:
        rows = jobs.all_rows(tx)
        found = leaders(tx)
    is_led = found.leader is not None and found.leader.is_alive
    floor = utc_now() if is_led else None
    timings = runtime.policy.schedule.items()
    return Schedule(
        jobs=tuple(_job(n, t, row=rows.get(n), not_before=floor) for n, t in timings),
        leaders=found,
    )


def request_run(tx: sa.Connection, runtime: Runtime, name: str) -> Job:
    """Ask for a run of a job out of turn; raise NotFoundError, with the nearest name.

    One that is running just now runs once more after it has ended.
    """
    timings = runtime.policy.schedule
    if name not in timings:
        near = difflib.get_close_matches(name, sorted(timings), n=1, cutoff=0.4)
        raise NotFoundError("scheduled job", name, nearest=next(iter(near), ""))
    jobs.request(tx, name, now=utc_now())
    return _job(name, timings[name], row=jobs.all_rows(tx)[name])


def all_jobs(runtime: Runtime) -> dict[str, sa.RowMapping]:
    """Return what is known of each job that has ever run."""
    with runtime.database.read() as tx:
        rows = jobs.all_rows(tx)
    return {name: row for name, row in rows.items() if row["started_at"] is not None}


def requests(runtime: Runtime) -> dict[str, datetime]:
    """Return the jobs that somebody asked for, and when."""
    with runtime.database.read() as tx:
        return jobs.requests(tx)


def first_runs(runtime: Runtime, *, now: datetime) -> dict[str, datetime]:
    """Say when each job runs first under a new leader, and write it down.

    At once, unless it is a cron line that nothing was missed of meanwhile.
    """
    with runtime.database.write() as tx:
        rows = jobs.all_rows(tx)
        firsts = {
            name: _first_run(runtime, timing, row=rows.get(name), now=now)
            for name, timing in runtime.policy.schedule.items()
        }
        for name, first in firsts.items():
            # What the last leader was doing when it died is not running any more.
            jobs.save(tx, name, {"next_run_at": first, "running_since": None})
    return firsts


def next_run(runtime: Runtime, name: str, *, after: datetime) -> datetime:
    """Return when a job runs next, after a moment."""
    timing = runtime.policy.schedule[name]
    if isinstance(timing, timedelta):
        return after + timing
    return timing.next_after(after, timezone=ZoneInfo(runtime.settings.timezone))


def begin_requested(runtime: Runtime, name: str, *, requested_at: datetime) -> None:
    """Write down that the run that was asked for has begun."""
    with runtime.database.write() as tx:
        jobs.answer_request(tx, name, requested_at=requested_at)


def note_running(runtime: Runtime, name: str, *, since: datetime) -> None:
    """Write down that a job takes its time."""
    _save(runtime, name, {"running_since": since})


def note_success(runtime: Runtime, name: str, *, started_at: datetime) -> None:
    """Write down that a job ended well."""
    facts = {"started_at": started_at, "succeeded_at": utc_now(), "error": ""}
    _save(runtime, name, facts | _ended(runtime, name, started_at))


def note_failure(
    runtime: Runtime, name: str, *, started_at: datetime, error: str
) -> None:
    """Write down that a job failed, and why."""
    facts = {"started_at": started_at, "error": error}
    _save(runtime, name, facts | _ended(runtime, name, started_at))


def _ended(runtime: Runtime, name: str, started_at: datetime) -> dict[str, Any]:
    is_interval = isinstance(runtime.policy.schedule[name], timedelta)
    after = started_at if is_interval else utc_now()
    return {
        "running_since": None,
        "next_run_at": next_run(runtime, name, after=after),
    }


def _first_run(
    runtime: Runtime, timing: Timing, *, row: sa.RowMapping | None, now: datetime
) -> datetime:
    if isinstance(timing, timedelta):
        return now
    last = row["started_at"] if row else None
    # A last run in the future: the clock was set back since.
    after = now if last is None else min(last, now)
    zone = ZoneInfo(runtime.settings.timezone)
    return max(now, timing.next_after(after, timezone=zone))


def _job(
    name: str,
    timing: Timing,
    *,
    row: sa.RowMapping | None,
    not_before: datetime | None = None,
) -> Job:
    if row is None:
        return Job(name=name, timing=write_timing(timing))
    next_run_at = row["next_run_at"]
    # Not every run of a job that comes every second is written down.
    if next_run_at and not_before:
        next_run_at = max(next_run_at, not_before)
    return Job(
        name=name,
        timing=write_timing(timing),
        last_run_at=row["started_at"],
        last_success_at=row["succeeded_at"],
        error=row["error"],
        next_run_at=next_run_at,
        requested_at=row["requested_at"],
        running_since=row["running_since"],
    )


def _save(runtime: Runtime, name: str, facts: Mapping[str, Any]) -> None:
    with runtime.database.write() as tx:
        jobs.save(tx, name, facts)
