"""`inspect active|queues|…`: what this Bellhop does and knows, a word a part.

Reads the database alone, so that it also tells while nothing else answers.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app import config
from app.broker import SilentDoorbell
from app.commands import queue_view, registered, stats_view, worker_view
from app.commands.printing import add_json, say, say_json, second, table
from app.runtime import Runtime, open_runtime
from app.services import at_work, jobs, queues
from app.services.jobs import Job, Schedule
from app.services.leadership import Place
from app.services.statistics import statistics


@dataclass(frozen=True, kw_only=True)
class View:
    """One word of the command: what it tells, read once and printed in either way."""

    tells: str
    read: Callable[[Runtime], Any]
    for_people: Callable[[Any], str]
    for_machines: Callable[[Any], object]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's words."""
    words = parser.add_subparsers(metavar="WHAT", required=True)
    for word, view in VIEWS.items():
        found = words.add_parser(word, help=view.tells)
        found.set_defaults(view=view)
        add_json(found)


def run(arguments: argparse.Namespace) -> int:
    """Print one view."""
    view: View = arguments.view
    with open_runtime(config.load(), doorbell=SilentDoorbell()) as runtime:
        found = view.read(runtime)
    if arguments.json:
        say_json(view.for_machines(found))
    else:
        say(view.for_people(found))
    return 0


def _schedule_table(schedule: Schedule) -> str:
    headings = ("JOB", "TIMING", "LAST RUN (UTC)", "NEXT RUN (UTC)", "STATE")
    rows = [
        (j.name, j.timing, second(j.last_run_at), second(j.next_run_at), _state(j))
        for j in schedule.jobs
    ]
    return f"{table(headings, rows)}\n\n{_schedulers(schedule)}"


def _state(job: Job) -> str:
    if job.running_since is not None:
        return f"running since {second(job.running_since)}"
    if job.requested_at is not None:
        return f"asked for at {second(job.requested_at)}"
    if job.error:
        return f"failed: {job.error} (last success {second(job.last_success_at)})"
    return "ok" if job.last_success_at else "has not run yet"


def _schedulers(schedule: Schedule) -> str:
    leader, standbys = schedule.leaders.leader, schedule.leaders.standbys
    if leader is None:
        told = "No scheduler leads. Start `python scheduler.py`."
    elif leader.is_alive:
        told = f"The scheduler {_where(leader)} leads."
    else:
        told = (
            f"The scheduler {_where(leader)} led last and is not heard of any more. "
            "Start `python scheduler.py`."
        )
    return "\n".join([told, *(f"Waiting: {_where(one)}." for one in standbys)])


def _where(place: Place) -> str:
    return f"{place.pid} on {place.host} (since {second(place.since)})"


def _schedule_json(schedule: Schedule) -> object:
    leader = schedule.leaders.leader
    return {
        "data": schedule.jobs,
        "leader": None if leader is None else _place_json(leader),
        "standbys": [_place_json(one) for one in schedule.leaders.standbys],
    }


def _place_json(place: Place) -> object:
    return {
        "host": place.host,
        "pid": place.pid,
        "since": place.since,
        "alive": place.is_alive,
    }


#: Every word, in the order in which `--help` lists them.
VIEWS: dict[str, View] = {
    "active": View(
        tells="what workers have in hand at this moment",
        read=worker_view.busy,
        for_people=worker_view.tasks_for_people,
        for_machines=worker_view.for_machines,
    ),
    "queues": View(
        tells="what waits in each queue, and why it may not leave",
        read=queues.all_queues,
        for_people=queue_view.for_people,
        for_machines=queue_view.for_machines,
    ),
    "workers": View(
        tells="every worker, when it started and what it does",
        read=at_work.all_workers,
        for_people=worker_view.for_people,
        for_machines=worker_view.for_machines,
    ),
    "schedule": View(
        tells="every scheduled job, and which scheduler leads",
        read=jobs.schedule,
        for_people=_schedule_table,
        for_machines=_schedule_json,
    ),
    "registered": View(
        tells="every kind of task, and what starts one",
        read=registered.read,
        for_people=registered.for_people,
        for_machines=registered.for_machines,
    ),
    "stats": View(
        tells="what ended how today and within a week, and why tasks are dead",
        read=statistics,
        for_people=stats_view.for_people,
        for_machines=stats_view.for_machines,
    ),
}
