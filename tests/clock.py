"""Time in tests: one clock that stands still until a test moves it.

`app.clock.utc_now` is imported by name, so that it is replaced wherever it stands.
What measures durations (`time.monotonic`) goes on by itself.
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

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **time: float) -> datetime:
        """Move on by this time (`hours=2`), or back where it is negative."""
        self.now += timedelta(**time)
        return self.now


@contextmanager
def stopped_clock(now: datetime = USUAL) -> Iterator[Clock]:
    """Stop the house's clock at this moment."""
    real = clock.utc_now
    stopped = Clock(now)
    with pytest.MonkeyPatch.context() as patch:
        for module in list(sys.modules.values()):
            if getattr(module, "utc_now", None) is real:
                patch.setattr(module, "utc_now", stopped)
        yield stopped
