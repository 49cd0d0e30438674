"""Single messages with pauses: how a contestant's worker is woken from idleness.

Used by the peers' producer and for Bellhop alike, so that the pauses are the same.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import NamedTuple

#: Seconds between two messages, any in between: the worker is idle again by then.
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 1.0


class Single(NamedTuple):
    """One message: to whom, and when the call that enqueued it began and returned."""

    phone: str
    called: float
    returned: float


def one_by_one(count: int, *, seed: int, enqueue: Callable[[int], str]) -> list[Single]:
    """Enqueue so many messages; `enqueue` is given a number and returns the phone."""
    pauses = random.Random(seed)  # the same for every contestant
    singles = []
    for number in range(count):
        time.sleep(pauses.uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S))
        called = time.monotonic()
        phone = enqueue(number)
        singles.append(Single(phone, called, time.monotonic()))
    return singles
