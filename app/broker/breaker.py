"""A breaker: after a failure, further calls fail at once for a while.

Used by the doorbells, so that a stalled queue server costs a request's time only
once. Shared by threads; never calls anything itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: Seconds the breaker stays open after the first failure, and at most.
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0


class Breaker:
    """Closed: all may pass. Open: none, until one probe after a (growing) pause."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pause_s = 0.0  # 0 while closed
        self._probe_at = 0.0
        self._probing = False

    @property
    def would_admit(self) -> bool:
        """Whether a call would be let through now; takes nothing."""
        with self._lock:
            return self._may_pass()

    def admit(self) -> bool:
        """Let one call through, or not; who is let through must report its end."""
        with self._lock:
            if not self._may_pass():
                return False
            self._probing = self._pause_s > 0
            return True

    def succeeded(self) -> None:
        """Report that a call went well: closes the breaker."""
        with self._lock:
            self._pause_s = 0.0
            self._probing = False

    def failed(self) -> None:
        """Report that a call failed: opens the breaker, or keeps it open longer."""
        with self._lock:
            if self._pause_s and not self._probing:
                return  # one of several calls that were under way as it opened
            self._pause_s = min(self._pause_s * 2 or FIRST_PAUSE_S, LONGEST_PAUSE_S)
            self._probe_at = self._clock() + self._pause_s
            self._probing = False

    def _may_pass(self) -> bool:
        if not self._pause_s:
            return True
        return not self._probing and self._clock() >= self._probe_at
