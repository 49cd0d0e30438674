"""Whether a time has places left: pure arithmetic over what is taken already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

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
    overlapping = [t for t in taken if t.start < end and t.end > start]
    # The fullest moment is at the beginning or where one of the others begins.
    moments = {start, *(t.start for t in overlapping if t.start > start)}
    fullest = max(
        sum(t.places for t in overlapping if t.start <= moment < t.end)
        for moment in moments
    )
    return max(0, capacity - fullest)


def offers(
    taken: Sequence[Taken],
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
    while moment < last:
        end = moment + duration + buffer
        left = places_left(taken, start=moment, end=end, capacity=capacity)
        if left:
            yield Offer(start=moment, places_left=left)
        moment += step
