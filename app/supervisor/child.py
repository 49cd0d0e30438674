"""What a child of `up` is, and when it is started anew: values and rules, no deeds."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

#: sysexits.h: a mistake in the settings. Starting again would not help.
EXIT_CONFIG = 78
#: Seconds before a child that failed is started again: doubled each time, up to ...
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
#: A child that lived this long was healthy: its next failure counts as the first.
HEALTHY_AFTER_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Child:
    """A process that `up` keeps running."""

    #: Unique; stands before its lines and in messages.
    name: str
    command: tuple[str, ...]
    #: What its environment has beside ours.
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Lower stops earlier; equal ones stop at the same time.
    stop_rank: int
    #: Seconds in which it must have stopped; then it is killed.
    stop_within_s: float


class Pauses:
    """How long to wait before a child that ended is started again."""

    def __init__(self) -> None:
        self._next_s = FIRST_PAUSE_S

    def after(self, *, exit_code: int, lived_s: float) -> float:
        """Return the pause in seconds, and remember it for the next time."""
        # A worker that ends itself after so many tasks (exit code 0) did not fail.
        if exit_code == 0 or lived_s >= HEALTHY_AFTER_S:
            self._next_s = FIRST_PAUSE_S
        pause_s = self._next_s
        if exit_code != 0:
            self._next_s = min(pause_s * 2, LONGEST_PAUSE_S)
        return pause_s


def how_it_ended(exit_code: int) -> str:
    """Return the end of a process in words."""
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return f"killed by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"killed by signal {-exit_code}"
