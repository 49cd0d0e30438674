"""One scheduled job and its runs: it notes how each ended, and lets no error out.

Started by `scheduler.py` alone; does nothing while another scheduler leads.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from app.clock import utc_now
from app.errors import BellhopError
from app.logs import fields
from app.runtime import Runtime
from app.services import jobs
from app.services.leadership import Leadership

log = logging.getLogger(__name__)

Work = Callable[[Runtime], object]

#: How a job ended is written down at most so often; a failure always is.
NOTE_EVERY_S = 4.0
#: A run that takes longer is written down while it lasts.
A_MOMENT = timedelta(seconds=1)


class JobRun:
    """A job as the scheduler starts it; never two runs of it at once."""

    def __init__(
        self, runtime: Runtime, name: str, *, work: Work, leadership: Leadership
    ) -> None:
        self._runtime = runtime
        self._name = name
        self._work = work
        self._leadership = leadership
        self._next_note = 0.0
        self._since: datetime | None = None
        self._is_noted_running = False
        self._requested_at: datetime | None = None

    def __call__(self) -> None:
        """Run the job; an error is logged and noted, and the next run tries again."""
        if not self._leadership.leads:
            self._requested_at = None
            return
        self._since = started_at = utc_now()
        try:
            self._answer_request()
            self._work(self._runtime)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next run comes
            self._note_failure(started_at, error)
        else:
            self._note_success(started_at)
        finally:
            self._since = None

    def accept(self, requested_at: datetime) -> bool:
        """Take a request for a run out of turn; False while it cannot begin, or has."""
        if self._since is not None or self._requested_at == requested_at:
            return False
        self._requested_at = requested_at
        return True

    def note_if_long(self) -> None:
        """Write down that a run is taking its time."""
        since = self._since
        if since is None or self._is_noted_running or utc_now() - since < A_MOMENT:
            return
        self._is_noted_running = True
        jobs.note_running(self._runtime, self._name, since=since)

    def _answer_request(self) -> None:
        requested_at, self._requested_at = self._requested_at, None
        if requested_at is None:
            return
        self._next_note = 0.0
        jobs.begin_requested(self._runtime, self._name, requested_at=requested_at)

    def _note_success(self, started_at: datetime) -> None:
        if time.monotonic() >= self._next_note or self._is_noted_running:
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
            self._is_noted_running = False
        except Exception as error:  # noqa: BLE001 - the job itself has ended as it has
            cause = type(error).__name__
            extra = fields("job_not_noted", job=self._name, cause=cause)
            log.warning("Job not noted", extra=extra)
