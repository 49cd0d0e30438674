"""How things went: what ended how today and within a week, and of what tasks died.

For `inspect stats`; changes nothing. Days are UTC.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.clock import utc_now
from app.runtime import Runtime
from app.storage import stats

#: Days that are counted, today with them.
WEEK = 7
#: Reasons of dead letters that are told.
MOST_REASONS = 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How many of a kind ended in a state, by channel; empty: a task of one's own."""

    channel: str
    kind: str
    status: str
    today: int
    seven_days: int


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """How things went."""

    ended: Sequence[Ended]
    #: Sent or done within the last minute.
    drained_last_minute: int
    #: Why tasks are dead, the most frequent reason first.
    dead: Sequence[tuple[str, int]]


def statistics(runtime: Runtime) -> Statistics:
    """Count what ended within a week, what leaves now, and what is dead."""
    now = utc_now()
    day = (now - _EPOCH) // _DAY
    today, first = _EPOCH + day * _DAY, _EPOCH + (day - WEEK + 1) * _DAY
    with runtime.database.read() as tx:
        counts = [
            *stats.ended_since(tx, first=first, today=today),
            *stats.cleaned_since(tx, first=day - WEEK + 1, today=day),
        ]
        return Statistics(
            ended=_ended(counts),
            drained_last_minute=stats.done_since(tx, since=now - _MINUTE),
            dead=stats.dead_by_reason(tx, at_most=MOST_REASONS),
        )


def _ended(counts: Sequence[stats.Count]) -> list[Ended]:
    week: dict[tuple[str, str, str], int] = defaultdict(int)
    today: dict[tuple[str, str, str], int] = defaultdict(int)
    for count in counts:
        key = (count.channel, count.kind, count.status)
        week[key] += count.number
        today[key] += count.number if count.is_today else 0
    return [_one(key, today=today, week=week) for key in sorted(week)]


def _one(
    key: tuple[str, str, str],
    *,
    today: Mapping[tuple[str, str, str], int],
    week: Mapping[tuple[str, str, str], int],
) -> Ended:
    channel, kind, status = key
    return Ended(
        channel=channel,
        kind=kind,
        status=status,
        today=today[key],
        seven_days=week[key],
    )
