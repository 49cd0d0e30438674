"""The scheduled jobs and the schedulers in the API's JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.services.jobs import Job, Schedule
from app.services.leadership import Place


class JobAnswer(BaseModel):
    """A scheduled job.

    `timing` is an interval (`5m`) or a cron line (`0 2 * * *`) in the business's time
    zone. A `next_run_at` in the past is late: no scheduler leads. `running_since` is
    told of a run that takes longer than a moment.
    """

    name: str
    timing: str
    last_run_at: datetime | None
    last_success_at: datetime | None
    error: str
    next_run_at: datetime | None
    requested_at: datetime | None
    running_since: datetime | None


class SchedulerAnswer(BaseModel):
    """A scheduler: where it runs, since when, and whether it was heard of just now."""

    host: str
    pid: int
    since: datetime
    alive: bool


class ScheduleAnswer(BaseModel):
    """Every job, the scheduler that leads (or led last), and those that wait."""

    data: list[JobAnswer]
    leader: SchedulerAnswer | None
    standbys: list[SchedulerAnswer]


def job_answer(job: Job) -> dict[str, Any]:
    """Write a job."""
    return {name: getattr(job, name) for name in JobAnswer.model_fields}


def schedule_answer(schedule: Schedule) -> dict[str, Any]:
    """Write every job, and who leads."""
    leader = schedule.leaders.leader
    return {
        "data": [job_answer(job) for job in schedule.jobs],
        "leader": None if leader is None else _scheduler_answer(leader),
        "standbys": [_scheduler_answer(one) for one in schedule.leaders.standbys],
    }


def _scheduler_answer(place: Place) -> dict[str, Any]:
    return {
        "host": place.host,
        "pid": place.pid,
        "since": place.since,
        "alive": place.is_alive,
    }
