"""The oracle: compares what the database says with what the providers have taken.

Made by `Box.reckon` once all is settled. A message is recognised at the provider by its
recipient and its words (an e-mail by its Message-ID), never by what Bellhop made of the
provider's answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.domain.tasks import FINISHED, Status
from app.runtime import Runtime
from app.storage.tables import attempts, notifications, tasks

#: States in which the customer has the message.
_REACHED = {Status.SENT, Status.DELIVERED}
#: States in which nobody has ever sent it.
_CALLED_OFF = {
    Status.CANCELLED,
    Status.SUPERSEDED,
    Status.EXPIRED,
    Status.SUPPRESSED,
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One message: how it ended here, and how often the provider has taken it."""

    id: str
    booking_id: str
    kind: str
    channel: str
    status: str
    reason: str
    attempts: int
    copies: int

    @property
    def is_lost(self) -> bool:
        """Said to be sent and never taken, or not even settled."""
        return self.status not in FINISHED or (
            self.status in _REACHED and self.copies == 0
        )

    @property
    def is_unwanted(self) -> bool:
        """Called off, and sent all the same."""
        return self.status in _CALLED_OFF and self.copies > 0


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
        right = all(line.status in _REACHED and line.copies == 1 for line in self.lines)
        assert right, str(self)


def reckon(
    runtime: Runtime,
    ledger: Iterable[Mapping[str, Any]],
    *,
    booking_ids: Collection[str] | None = None,
) -> Reckoning:
    """Compare the messages (of these bookings) with what the ledger says was taken."""
    taken: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for entry in ledger:
        taken[entry["channel"], entry["recipient"]].append(entry)
    with runtime.database.read() as tx:
        rows = tx.execute(_messages(booking_ids)).mappings().all()
        words = defaultdict(set)
        for task_id, text in tx.execute(sa.select(attempts.c.task_id, attempts.c.text)):
            words[task_id].add(_plain(text))
    lines = []
    for row in rows:
        entries = taken[row["channel"], row["recipient"]]
        copies = sum(_is_of(entry, row["id"], words[row["id"]]) for entry in entries)
        names = (name for name in Line.__annotations__ if name != "copies")
        lines.append(Line(**{name: row[name] for name in names}, copies=copies))
    return Reckoning(tuple(lines))


def _messages(booking_ids: Collection[str] | None) -> sa.Select[Any]:
    columns = (tasks, notifications.c.channel, notifications.c.recipient)
    query = sa.select(*columns).join(notifications).order_by(tasks.c.seq)
    if booking_ids is not None:
        query = query.where(tasks.c.booking_id.in_(list(booking_ids)))
    return query


def _is_of(entry: Mapping[str, Any], task_id: str, words: Collection[str]) -> bool:
    if entry["channel"] == "email":
        name: str = entry["message_id"].strip("<>").partition("@")[0]
        return name == task_id
    return _plain(entry["text"]) in words


def _plain(text: str) -> str:
    return " ".join(text.split())


def _shown(line: Line) -> str:
    return (
        f"  {line.channel:8} {line.kind:22} {line.status:10} "
        f"attempts={line.attempts} copies={line.copies} {line.reason}"
    )
