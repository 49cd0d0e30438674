"""Time in tests: one clock that stands still until a test moves it.

`app.clock.utc_now` and `monotonic` are imported by name, so that they are replaced
wherever they stand. What measures durations (`time.monotonic`) goes on by itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from app import clock

#: A Monday in winter, far from any change of clocks.
USUAL = datetime(2027, 1, 18, 9, 0, tzinfo=UTC)


class Clock:
    """The moment that every module of the house is told."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        #: Seconds of a clock that is never set back.
        self.steady_s = 1000.0

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **time: float) -> datetime:
        """Move on by this time (`hours=2`), or back where it is negative."""
        step = timedelta(**time)
        self.now += step
        self.steady_s += max(step.total_seconds(), 0)
        return self.now

    def monotonic(self) -> float:
        """Stand in for `app.clock.monotonic`."""
        return self.steady_s


@contextmanager
def stopped_clock(now: datetime = USUAL) -> Iterator[Clock]:
    """Stop the house's clock at this moment."""
    real, real_steady = clock.utc_now, clock.monotonic
    stopped = Clock(now)
    with pytest.MonkeyPatch.context() as patch:
        for module in list(sys.modules.values()):
            if getattr(module, "utc_now", None) is real:
                patch.setattr(module, "utc_now", stopped)
            if getattr(module, "monotonic", None) is real_steady:
                patch.setattr(module, "monotonic", stopped.monotonic)
        yield stopped
