"""The clock over a worker's thread: asks a task to end, and then breaks it off.

Started by the actor `run`. Dramatiq's own limit knows one for all messages; here each
piece of work brings its own. What an exception cannot reach (a thread that waits in
the operating system) ends by the worker's watch, which asks `overrun_s`.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

from dramatiq.threading import raise_thread_exception

from app.errors import SoftTimeLimit, TimeLimit
from app.logs import fields

log = logging.getLogger(__name__)

#: Seconds between two looks at the clock.
LOOK_EVERY_S = 0.5
#: Seconds after which a task that goes on is struck again: Python drops an exception
#: that lands where none can be raised (in the callback of a weak reference).
AGAIN_AFTER_S = 5.0


@dataclass(kw_only=True)
class _InHand:
    thread_id: int
    #: Moments of `time.monotonic`.
    soft_at: float
    hard_at: float
    strike_at: float
    is_asked: bool = False


class TimeLimits:
    """Watches one thread; `begin` and `end` are called by that thread."""

    def __init__(self, *, look_every_s: float = LOOK_EVERY_S) -> None:
        self._look_every_s = look_every_s
        self._lock = threading.Lock()
        self._in_hand: _InHand | None = None
        self._is_over = threading.Event()

    def start(self) -> None:
        """Begin to look at the clock, until `stop`."""
        threading.Thread(target=self._watch, name="time-limits", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._is_over.set()

    def begin(self, *, soft_s: float, hard_s: float) -> None:
        """Give the calling thread so much time from now on."""
        now = time.monotonic()
        with self._lock:
            self._in_hand = _InHand(
                thread_id=threading.get_ident(),
                soft_at=now + soft_s,
                hard_at=now + hard_s,
                strike_at=now + hard_s,
            )

    def end(self) -> None:
        """Nothing is in hand any more."""
        with self._lock:
            self._in_hand = None

    @property
    def overrun_s(self) -> float:
        """For how long what is in hand should have been over; 0 while it may go on."""
        in_hand = self._in_hand
        if in_hand is None:
            return 0.0
        return max(0.0, time.monotonic() - in_hand.hard_at)

    def look(self) -> None:
        """Raise what is due in the thread that works."""
        with self._lock:
            in_hand, now = self._in_hand, time.monotonic()
            if in_hand is None:
                return
            if now >= in_hand.strike_at:
                in_hand.is_asked = True
                in_hand.strike_at = now + AGAIN_AFTER_S
                log.warning("Time limit exceeded", extra=fields("time_limit"))
                _raise(in_hand, TimeLimit)
            elif now >= in_hand.soft_at and not in_hand.is_asked:
                in_hand.is_asked = True
                _raise(in_hand, SoftTimeLimit)

    def _watch(self) -> None:
        while not self._is_over.wait(self._look_every_s):
            self.look()


def _raise(in_hand: _InHand, error: type[BaseException]) -> None:
    raise_thread_exception(in_hand.thread_id, error)  # type: ignore[no-untyped-call]  # untyped there
