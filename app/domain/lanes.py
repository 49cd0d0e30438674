"""A lane: the rows of one queue that leave by one gate, written `high/sms` or `sms`.

The queue is where a row waits; the gate is what may be shut before it: a channel for a
message (its rate limit, its provider), the queue itself for every other task.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lane:
    """A queue and the gate by which some of its rows leave."""

    queue: str
    gate: str

    def __str__(self) -> str:
        """Return the lane as the row's column has it."""
        return self.queue if self.queue == self.gate else f"{self.queue}/{self.gate}"

    @classmethod
    def parse(cls, text: str) -> Lane:
        """Read a column."""
        queue, _, gate = text.partition("/")
        return cls(queue, gate or queue)
