"""How many rows may leave now under a rate limit, and which of them.

Pure arithmetic for `services/gates.py`. A share of every limit is kept for what is
urgent while more waits than may leave, so that a one-time code never stands behind a
thousand newsletters until the next minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from app.domain.queues import URGENT, Rate

#: More than ever leaves at once.
PLENTY = 1_000_000
#: One in so many sends of a limit is kept for what is urgent, and at least one.
RESERVED_ONE_IN = 10


@dataclass(kw_only=True)
class Room:
    """How many rows may leave: in all, and of those that are not urgent."""

    urgent: int
    usual: int

    @classmethod
    def of(cls, count: int) -> Self:
        """Room for so many, urgent or not."""
        return cls(urgent=count, usual=count)

    def admit(self, priority: int) -> bool:
        """Tell whether a row of this priority finds room."""
        return (self.urgent if priority <= URGENT else self.usual) > 0

    def fill(self) -> None:
        """Count one row that leaves."""
        self.urgent -= 1
        self.usual -= 1


def room_under(rate: Rate | None, *, used: int, due: int) -> Room:
    """Return the room that a rate limit leaves.

    `used` counts what left within the span or is about to; `due` what waits for it. The
    reserved share is let out too where everything that waits finds room.
    """
    if rate is None:
        return Room.of(PLENTY)
    free = max(rate.count - used, 0)
    if due <= free:
        return Room.of(free)
    return Room(urgent=free, usual=max(free - reserved(rate), 0))


def reserved(rate: Rate) -> int:
    """Return how many sends of a limit are kept for what is urgent."""
    return min(max(rate.count // RESERVED_ONE_IN, 1), rate.count - 1)
