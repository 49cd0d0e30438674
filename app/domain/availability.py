"""Whether a time has places left: pure arithmetic over what is taken already."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

#: Offered starts are never further apart than this, however long the service is.
LONGEST_STEP = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Places that are taken from `start` up to, not including, `end` (with buffer)."""

    start: datetime
    end: datetime
    places: int


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A start that can be booked, and how many places it has left."""

    start: datetime
    places_left: int


def places_left(
    taken: Iterable[Taken], *, start: datetime, end: datetime, capacity: int
) -> int:
    """Return how many places stay free during the whole of [start, end)."""
    steps = []
    for one in taken:
        if one.start < end and one.end > start:
            steps += [(max(one.start, start), one.places), (one.end, -one.places)]
    # Where one ends as another begins, the places are given back first.
    fullest = max(accumulate(change for _, change in sorted(steps)), default=0)
    return max(0, capacity - fullest)


def offers(
    taken: Iterable[Taken],
    *,
    window: tuple[datetime, datetime],
    duration: timedelta,
    buffer: timedelta,
    capacity: int,
) -> Iterator[Offer]:
    """Yield the free starts in the window, on a grid of at most half an hour.

    The grid begins at the window's beginning; `buffer` keeps the time after an
    appointment free.
    """
    moment, last = window
    step = min(duration, LONGEST_STEP)
    later = deque(sorted(taken, key=lambda one: one.start))
    near: list[Taken] = []
    while moment < last:
        end = moment + duration + buffer
        # A month has thousands of starts: each looks at what is near it alone.
        while later and later[0].start < end:
            near.append(later.popleft())
        near = [one for one in near if one.end > moment]
        left = places_left(near, start=moment, end=end, capacity=capacity)
        if left:
            yield Offer(start=moment, places_left=left)
        moment += step
