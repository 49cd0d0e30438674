"""Compares what the database says of each message with what the providers have taken.

Used by the chaos run and by the tests' boxes. A message is recognised at the provider
by its recipient and its words (an e-mail by its Message-ID), never by what Bellhop made
of the provider's answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.domain.recipients import Channel
from app.domain.tasks import FINISHED, Status
from app.storage.database import Database
from app.storage.tables import attempts, notifications, tasks

#: States in which the customer has the message.
REACHED = {Status.SENT, Status.DELIVERED}
#: States in which nobody has ever sent it.
CALLED_OFF = {
    Status.CANCELLED,
    Status.SUPERSEDED,
    Status.EXPIRED,
    Status.SUPPRESSED,
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One message: how it ended here, and how often the provider has taken it."""

    id: str
    booking_id: str | None
    kind: str
    channel: str
    recipient: str
    status: str
    reason: str
    attempts: int
    next_attempt_at: datetime | None
    copies: int

    @property
    def is_lost(self) -> bool:
        """Said to be sent and never taken, or not even settled."""
        return self.status not in FINISHED or (
            self.status in REACHED and self.copies == 0
        )

    @property
    def is_unwanted(self) -> bool:
        """Called off, and sent all the same."""
        return self.status in CALLED_OFF and self.copies > 0


_OF_A_ROW = [field.name for field in fields(Line) if field.name != "copies"]


def reckon(
    database: Database,
    ledger: Iterable[Mapping[str, Any]],
    *,
    booking_ids: Collection[str] | None = None,
) -> list[Line]:
    """Compare the messages (of these bookings) with what the ledger says was taken.

    In the order in which they were planned.
    """
    taken: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for entry in ledger:
        taken[entry["channel"], entry["recipient"]].append(entry)
    with database.read() as tx:
        rows = tx.execute(_messages(booking_ids)).mappings().all()
        words = defaultdict(set)
        for task_id, text in tx.execute(sa.select(attempts.c.task_id, attempts.c.text)):
            words[task_id].add(_plain(text))
    lines = []
    for row in rows:
        entries = taken[row["channel"], row["recipient"]]
        copies = sum(_is_of(entry, row["id"], words[row["id"]]) for entry in entries)
        lines.append(Line(**{name: row[name] for name in _OF_A_ROW}, copies=copies))
    return lines


def _messages(booking_ids: Collection[str] | None) -> sa.Select[Any]:
    columns = (tasks, notifications.c.channel, notifications.c.recipient)
    query = sa.select(*columns).join(notifications).order_by(tasks.c.seq)
    if booking_ids is not None:
        query = query.where(tasks.c.booking_id.in_(list(booking_ids)))
    return query


def _is_of(entry: Mapping[str, Any], task_id: str, words: Collection[str]) -> bool:
    if entry["channel"] == Channel.EMAIL:
        name: str = entry["message_id"].strip("<>").partition("@")[0]
        return name == task_id
    return _plain(entry["text"]) in words


def _plain(text: str) -> str:
    return " ".join(text.split())
