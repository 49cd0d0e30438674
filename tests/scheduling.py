"""Schedulers on a bench: real leaderships on one database, both clocks in hand.

Nothing happens by itself: a test calls `tick` (a scheduler's second) and the runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace

import pytest

from app.runtime import Runtime
from app.services import leadership
from app.services.job_runs import JobRun
from app.services.leadership import Leadership
from app.services.leading import Lead
from app.storage import leases
from tests.clock import Clock, stopped_clock


@dataclass
class Time:
    """Both clocks of a host, which go on together unless a test says otherwise."""

    wall: Clock
    steady_s: float = 1000.0

    def pass_by(self, seconds: float) -> None:
        """Let time go on."""
        self.wall.advance(seconds=seconds)
        self.steady_s += seconds


@dataclass
class Timetable:
    """A timetable that only remembers what it was told."""

    times: dict[str, datetime | None] = field(default_factory=dict)

    def modify_job(self, job_id: str, *, next_run_time: datetime) -> None:
        """Remember when a job shall run."""
        self.times[job_id] = next_run_time

    def pause_job(self, job_id: str) -> None:
        """Remember that a job shall not run."""
        self.times[job_id] = None


@dataclass
class Scheduler:
    """One scheduler of the house; `tick` is its second."""

    leadership: Leadership
    lead: Lead
    runs: dict[str, JobRun]
    timetable: Timetable
    done: list[str]

    def tick(self) -> bool:
        """Do what it does every second; return whether it leads."""
        self.lead()
        return self.leadership.leads


@contextmanager
def time_in_hand() -> Iterator[Time]:
    """Stop every clock that a scheduler reads."""
    with stopped_clock() as wall, pytest.MonkeyPatch.context() as patch:
        time = Time(wall)
        steady = SimpleNamespace(monotonic=lambda: time.steady_s)
        patch.setattr(leadership, "time", steady)
        # PostgreSQL has a clock of its own, which no test can stop.
        patch.setattr(leases, "now", lambda _tx: time.wall.now)
        yield time


def scheduler_of(runtime: Runtime) -> Scheduler:
    """Add a scheduler to a house."""
    own, timetable, done = Leadership(runtime), Timetable(), list[str]()
    runs = {
        name: JobRun(
            runtime,
            name,
            work=lambda _runtime, name=name: done.append(name),
            leadership=own,
        )
        for name in runtime.policy.schedule
    }
    lead = Lead(runtime, own, timetable=timetable, runs=runs)
    return Scheduler(own, lead, runs, timetable, done)
