"""Where a list of messages looks first: task numbers by an index, the newest first.

Called by `storage/messages.py`. What a list wants is found among a million rows with a
look at few: a way leads down one index, and gives as many numbers as it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.domain.lanes import Lane
from app.storage.tables import notifications, tasks

#: By so much a row's time may lie before that of one that was planned earlier: clocks
#: are set, and of two transactions at once the later one may commit first.
SLACK = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Span:
    """Numbers from `first` on, before `end`."""

    first: int
    end: int

    def before(self, seq: int | None) -> Span:
        """Return what of it lies before a number (None: all)."""
        return self if seq is None else replace(self, end=min(seq, self.end))


#: Returns the highest numbers of a span, at most so many, the highest first.
Way = Callable[[sa.Connection, Span, int], list[int]]


def span_of(
    tx: sa.Connection,
    *,
    since: datetime | None,
    until: datetime | None,
) -> Span:
    """Return the numbers that were planned between these moments, and some more.

    Numbers rise with time: where a day begins is found by halves.
    """
    newest: int = tx.execute(_NEWEST).scalar_one() or 0
    first = 0 if since is None else _first_from(tx, since - SLACK, newest)
    end = newest + 1 if until is None else _first_from(tx, until + SLACK, newest)
    return Span(first=first, end=end)


def everything(tx: sa.Connection, span: Span, count: int) -> list[int]:
    """Go down the numbers themselves."""
    return _asked(tx, _ALL, {}, span, count)


def by_booking(booking_id: str) -> Way:
    """Go by the booking that the message tells of."""
    return _way(_BY_BOOKING, {"booking_id": booking_id})


def by_recipient(recipient: str) -> Way:
    """Go by an exact address."""
    return _way(_BY_RECIPIENT, {"recipient": recipient})


def by_status(status: str) -> Way:
    """Go by the status; its index has in order what is over, and sorts what is not."""

    def way(tx: sa.Connection, span: Span, count: int) -> list[int]:
        facts = {"status": status}
        over = _asked(tx, _OVER, facts, span, count)
        return _highest(over + _asked(tx, _NOT_OVER, facts, span, count), count)

    return way


def by_kind(kind: str | None, *, gate: str | None) -> Way:
    """Go by the kind, or the gate, or both: by each kind's lanes."""

    def way(tx: sa.Connection, span: Span, count: int) -> list[int]:
        found: list[int] = []
        for its_kind, lane in _kinds_and_lanes(tx, kind):
            if gate is None or Lane.parse(lane).gate == gate:
                facts = {"kind": its_kind, "lane": lane}
                found += _asked(tx, _BY_LANE, facts, span, count)
        return _highest(found, count)

    return way


def _select(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        sa.select(tasks.c.seq)
        .where(
            tasks.c.seq >= sa.bindparam("first"),
            tasks.c.seq < sa.bindparam("end"),
            *conditions,
        )
        .order_by(tasks.c.seq.desc())
        .limit(sa.bindparam("count"))
    )


_NEWEST = sa.select(sa.func.max(tasks.c.seq))
_PLANNED_AT = (
    sa.select(tasks.c.created_at)
    .where(tasks.c.seq <= sa.bindparam("seq"))
    .order_by(tasks.c.seq.desc())
    .limit(1)
)
_ALL = _select()
_BY_BOOKING = _select(tasks.c.booking_id == sa.bindparam("booking_id"))
_BY_RECIPIENT = _select(notifications.c.recipient == sa.bindparam("recipient")).join(
    notifications, notifications.c.task_id == tasks.c.id
)
_WITH_STATUS = tasks.c.status == sa.bindparam("status")
_OVER = _select(_WITH_STATUS, tasks.c.next_attempt_at.is_(None))
_NOT_OVER = _select(_WITH_STATUS, tasks.c.next_attempt_at.is_not(None))
_BY_LANE = _select(
    tasks.c.kind == sa.bindparam("kind"), tasks.c.lane == sa.bindparam("lane")
)
_NEXT_KIND = sa.select(sa.func.min(tasks.c.kind)).where(
    tasks.c.kind > sa.bindparam("kind")
)
_NEXT_LANE = sa.select(sa.func.min(tasks.c.lane)).where(
    tasks.c.kind == sa.bindparam("kind"), tasks.c.lane > sa.bindparam("lane")
)


def _way(query: sa.Select[Any], facts: Mapping[str, Any]) -> Way:
    return lambda tx, span, count: _asked(tx, query, facts, span, count)


def _asked(
    tx: sa.Connection,
    query: sa.Select[Any],
    facts: Mapping[str, Any],
    span: Span,
    count: int,
) -> list[int]:
    bounds = {"first": span.first, "end": span.end, "count": count}
    return list(tx.execute(query, {**facts, **bounds}).scalars())


def _highest(seqs: list[int], count: int) -> list[int]:
    return sorted(seqs, reverse=True)[:count]


def _kinds_and_lanes(
    tx: sa.Connection, wanted: str | None
) -> Iterator[tuple[str, str]]:
    """Leap from each kind and lane to the next one, however many rows have them."""
    kind = wanted or _leap(tx, _NEXT_KIND, kind="")
    while kind is not None:
        lane = _leap(tx, _NEXT_LANE, kind=kind, lane="")
        while lane is not None:
            yield kind, lane
            lane = _leap(tx, _NEXT_LANE, kind=kind, lane=lane)
        kind = None if wanted else _leap(tx, _NEXT_KIND, kind=kind)


def _leap(tx: sa.Connection, query: sa.Select[Any], **place: str) -> str | None:
    found: str | None = tx.execute(query, place).scalar_one()
    return found


def _first_from(tx: sa.Connection, moment: datetime, newest: int) -> int:
    """Return the first number that was planned at a moment or after it."""
    low, high = 0, newest + 1
    while low < high:
        middle = (low + high) // 2
        planned_at = tx.execute(_PLANNED_AT, {"seq": middle}).scalar_one_or_none()
        if planned_at is None or planned_at < moment:
            low = middle + 1
        else:
            high = middle
    return low
