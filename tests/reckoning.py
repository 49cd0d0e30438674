"""The oracle: compares what the database says with what the providers have taken.

Made by `Box.reckon` once all is settled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.chaos.reckoning import REACHED, Line
from app.chaos.reckoning import reckon as compare
from app.runtime import Runtime


@dataclass(frozen=True)
class Reckoning:
    """All messages that were asked about, in the order in which they were planned."""

    lines: tuple[Line, ...]

    def __str__(self) -> str:
        head = f"{len(self.lines)} messages, {self.duplicates} duplicates"
        plain = ("sent", 1, 1)
        rest = [
            line
            for line in self.lines
            if (line.status, line.attempts, line.copies) != plain
        ]
        foot = f"  {len(self.lines) - len(rest)} sent once at the first attempt\n"
        return "\n".join([head, *map(_shown, rest), foot])

    @property
    def duplicates(self) -> int:
        """How many messages the providers took too much."""
        return sum(max(line.copies - 1, 0) for line in self.lines)

    def of(self, **equal: str) -> Reckoning:
        """Return only those with these values: `of(channel="sms")`."""
        return Reckoning(
            tuple(
                line
                for line in self.lines
                if all(getattr(line, name) == value for name, value in equal.items())
            )
        )

    def statuses(self) -> list[str]:
        """Return how each message ended."""
        return [line.status for line in self.lines]

    def copies(self) -> list[int]:
        """Return how often each message was taken."""
        return [line.copies for line in self.lines]

    def assert_nothing_lost(self) -> None:
        """Fail for a message that was lost, or sent although it was called off."""
        assert self.lines, "there was not a single message"
        wrong = [line for line in self.lines if line.is_lost or line.is_unwanted]
        assert not wrong, str(self)

    def assert_all_sent_once(self) -> None:
        """Fail unless each message is sent, and was taken exactly once."""
        self.assert_nothing_lost()
        right = all(line.status in REACHED and line.copies == 1 for line in self.lines)
        assert right, str(self)


def reckon(
    runtime: Runtime,
    ledger: Iterable[Mapping[str, Any]],
    *,
    booking_ids: Collection[str] | None = None,
) -> Reckoning:
    """Compare the messages (of these bookings) with what the ledger says was taken."""
    return Reckoning(tuple(compare(runtime.database, ledger, booking_ids=booking_ids)))


def _shown(line: Line) -> str:
    return (
        f"  {line.channel:8} {line.kind:22} {line.status:10} "
        f"attempts={line.attempts} copies={line.copies} {line.reason}"
    )
