"""Plans the tasks of one's own that have a schedule (`every=`, `cron=`).

The scheduler's job. It makes rows right: for each kind the last moment at which it was
due, if that was missed since the job's last good run. What was missed several times is
run once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.schedule import Cron, Timing
from app.runtime import Runtime
from app.services import dispatch, jobs, own_tasks
from app.work.kinds import Options, Wish
from app.work.registry import AnyKind

JOB = "own_schedule"
#: The last good run may have looked at the clock so long before it was written down.
_SLACK = timedelta(seconds=10)
#: A task is useful until the next one of its kind is due, and at least so long.
_LEAST_USEFUL = timedelta(minutes=10)
#: How far back the last time of a cron line is looked for, in growing steps.
_LOOK_BACK = tuple(
    timedelta(minutes=minutes)
    for minutes in (2, 61, 24 * 60, 32 * 1440, 4 * 366 * 1440)
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def plan_due(runtime: Runtime) -> int:
    """Plan a task of each kind that has come due; return how many."""
    kinds = [kind for kind in runtime.registry if kind.timing is not None]
    if not kinds:
        return 0
    now = utc_now()
    since = _looked_at(runtime, now=now)
    zone = ZoneInfo(runtime.settings.timezone)
    wishes = [
        wish for kind in kinds if (wish := _wish(kind, since=since, now=now, zone=zone))
    ]
    if not wishes:
        return 0

    def deed(tx: sa.Connection) -> int:
        ids = own_tasks.insert_all(tx, runtime, wishes, now=now)
        return sum(wish == planned for wish, planned in ids.items())

    return dispatch.perform(runtime, deed)


def last_due(timing: Timing, *, now: datetime, timezone: tzinfo) -> datetime | None:
    """Return the last moment, up to now, at which it was due; None: years ago."""
    if isinstance(timing, timedelta):
        return now - (now - _EPOCH) % timing
    for back in _LOOK_BACK:
        found = timing.next_after(now - back, timezone=timezone)
        if found <= now:
            return _last_from(timing, found, now=now, timezone=timezone)
    return None


def _last_from(
    timing: Cron, found: datetime, *, now: datetime, timezone: tzinfo
) -> datetime:
    while (later := timing.next_after(found, timezone=timezone)) <= now:
        found = later
    return found


def _looked_at(runtime: Runtime, *, now: datetime) -> datetime:
    """Return up to when earlier runs have planned all that was due.

    What has never run begins now: a new task does not catch up on last night.
    """
    row = jobs.all_jobs(runtime).get(JOB)
    if row is None or row["succeeded_at"] is None:
        return now - _SLACK
    looked: datetime = min(row["started_at"], row["succeeded_at"], now)
    return looked - _SLACK


def _wish(
    kind: AnyKind, *, since: datetime, now: datetime, zone: tzinfo
) -> Wish | None:
    assert kind.timing is not None  # noqa: S101 - only such kinds are asked
    due = last_due(kind.timing, now=now, timezone=zone)
    if due is None or due <= since:
        return None
    options = Options(
        # Whoever plans the same moment again plans nothing new.
        dedupe_key=f"schedule/{due.isoformat()}",
        useful_until=max(_next(kind.timing, due, zone=zone), now + _LEAST_USEFUL),
    )
    return Wish(kind=kind, args={}, options=options)


def _next(timing: Timing, due: datetime, *, zone: tzinfo) -> datetime:
    if isinstance(timing, timedelta):
        return due + timing
    return timing.next_after(due, timezone=zone)
