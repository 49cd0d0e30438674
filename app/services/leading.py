"""What a scheduler does every second: keep or seek the lead, and start what it may.

Called by `scheduler.py`, on the scheduler that leads and on those that wait.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from app import service_manager
from app.clock import utc_now
from app.errors import BellhopError
from app.logs import fields
from app.runtime import Runtime
from app.services import jobs
from app.services.job_runs import JobRun
from app.services.leadership import Leadership

log = logging.getLogger(__name__)


class Timetable(Protocol):
    """What knows when each job runs; APScheduler is one."""

    def modify_job(self, job_id: str, *, next_run_time: datetime) -> object:
        """Let a job run at this time, and from then on as it is written."""

    def pause_job(self, job_id: str) -> object:
        """Let a job run no more."""


class Lead:
    """Keeps or seeks the lead, and starts the jobs when this scheduler has it."""

    def __init__(
        self,
        runtime: Runtime,
        leadership: Leadership,
        *,
        timetable: Timetable,
        runs: Mapping[str, JobRun],
    ) -> None:
        self._runtime = runtime
        self._leadership = leadership
        self._timetable = timetable
        self._runs = runs
        #: None: it has not been told yet.
        self._led: bool | None = None
        self._is_out_of_reach = False
        self._turn = threading.Lock()
        self._is_closed = False

    def __call__(self) -> None:
        """Do what is due this second."""
        with self._turn:
            if not self._is_closed:
                self._live_on()

    def close(self) -> None:
        """Touch the timetable no more; wait for the second that has begun.

        A timetable that is being shut down is locked until all that it has started has
        ended: whoever then still wanted something of it would wait for ever.
        """
        with self._turn:
            self._is_closed = True

    def _live_on(self) -> None:
        service_manager.notify("WATCHDOG=1")
        try:
            self._leadership.seek()
            if self._leadership.leads:
                self._begin() if not self._led else self._look_after()
            elif self._led is not False:
                self._wait()
            self._is_out_of_reach = False
        except BellhopError as error:
            self._do_without(error)

    def _begin(self) -> None:
        firsts = jobs.first_runs(self._runtime, now=utc_now())
        for name, first in firsts.items():
            self._timetable.modify_job(name, next_run_time=first)
        self._led = True
        log.info("Scheduler leads", extra=fields("scheduler_leads"))
        service_manager.notify("STATUS=leading")

    def _look_after(self) -> None:
        for name, requested_at in jobs.requests(self._runtime).items():
            run = self._runs.get(name)
            if run is not None and run.accept(requested_at):
                self._timetable.modify_job(name, next_run_time=utc_now())
        for run in self._runs.values():
            run.note_if_long()

    def _wait(self) -> None:
        for name in self._runs:
            self._timetable.pause_job(name)
        self._led = False
        why = "another scheduler leads; this one takes over when that one is gone"
        log.info("Scheduler waits", extra=fields("scheduler_waits", why=why))
        service_manager.notify("STATUS=standby")

    def _do_without(self, error: BellhopError) -> None:
        if not self._is_out_of_reach:
            self._is_out_of_reach = True
            extra = fields("lease_out_of_reach", cause=str(error))
            log.warning("Lease out of reach", extra=extra)
