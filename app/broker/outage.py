"""An outage of the queue server as one worker lives through it.

Used by the consumers: how long to pause before the next try, when to look what is due
without a ring, and two lines in the log for a whole outage, one as it begins and one as
it ends.
"""

from __future__ import annotations

import logging
import time

from app.logs import fields

log = logging.getLogger(__name__)

#: Seconds before the next try, doubling. The longest bounds how late the return of the
#: server is noticed.
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 0.8
#: Seconds between two looks at what is due, at least: each is a transaction.
LOOK_EVERY_S = 1.0


class Outage:
    """Begins with the first failure and ends with the first success after it."""

    def __init__(self, queue_name: str) -> None:
        self._queue_name = queue_name
        self._began: float | None = None
        self._reason = ""
        self._pause_s = 0.0
        self._next_look = 0.0

    @property
    def is_on(self) -> bool:
        """Whether the server was away a moment ago."""
        return self._began is not None

    def pause_after(self, error: Exception) -> float:
        """Note a failure, and return the seconds to wait before the next try."""
        if self._began is None:
            self._began = time.monotonic()
        if str(error) != self._reason:
            self._reason = str(error)
            log.warning(
                "Queue lost, trying again",
                extra=fields("queue_lost", queue=self._queue_name, reason=self._reason),
            )
        self._pause_s = min(self._pause_s * 2 or FIRST_PAUSE_S, LONGEST_PAUSE_S)
        return self._pause_s

    def is_time_to_look(self) -> bool:
        """Tell whether to look what is due; if so, not again for a while."""
        if time.monotonic() < self._next_look:
            return False
        self._next_look = time.monotonic() + LOOK_EVERY_S
        return True

    def is_over(self) -> None:
        """Note a success."""
        if self._began is None:
            return
        lasted_s = round(time.monotonic() - self._began, 1)
        log.info(
            "Queue is back",
            extra=fields("queue_back", queue=self._queue_name, lasted_s=lasted_s),
        )
        self._began, self._reason, self._pause_s = None, "", 0.0
