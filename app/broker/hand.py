"""The hand of a worker: it holds one ring at a time, and waits to be free for the next.

Used by the consumers. Dramatiq's prefetch would be set in the environment and counts
per worker; one ring in hand, whatever Dramatiq asks for, strands no neighbour of a
broken one, and leaves what waits to the other workers.
"""

from __future__ import annotations

import threading


class Hand:
    """Taken from by the consumer's thread, given free by the thread that works."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._free = threading.Event()

    def __contains__(self, ring_id: str) -> bool:
        return ring_id in self._held

    @property
    def is_free(self) -> bool:
        """Whether nothing is held."""
        return not self._held

    def take(self, ring_id: str) -> None:
        """Hold this ring until it is let go."""
        self._held.add(ring_id)

    def let_go(self, ring_id: str) -> None:
        """Be done with this ring; wakes who waits for the hand to be free."""
        self._held.discard(ring_id)
        self._free.set()

    def wait_until_free(self, *, within_s: float) -> bool:
        """Wait for at most so long; True when nothing is held."""
        self._free.clear()
        if self._held:
            self._free.wait(within_s)
        return not self._held
