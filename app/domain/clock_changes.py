"""When the clocks of a time zone are changed: what a calendar file says of its zone.

Called by `invites.py`. icalendar has such a search of its own (7.3.2); it lets summer
begin an hour late, and misses the changes around Ramadan in Morocco.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

#: No two changes of a zone are closer together.
_STEP = timedelta(days=1)
#: Clocks are changed on a whole minute.
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class ClockChange:
    """A change: `onset` is what the clocks show then, if nobody touched them."""

    onset: datetime
    offset_before: timedelta
    offset_after: timedelta
    name: str
    is_summer_time: bool


def clock_changes(
    zone: ZoneInfo, *, first: datetime, last: datetime
) -> Iterator[ClockChange]:
    """Yield how clocks stand at first, as a change of nothing, then every change."""
    yield _change(zone, first, offset_before=_offset(zone, first))
    moment = first
    while moment < last:
        following = moment + _STEP
        before = _offset(zone, moment)
        if before != _offset(zone, following):
            yield _change(zone, _between(zone, moment, following), offset_before=before)
        moment = following


def _between(zone: ZoneInfo, early: datetime, late: datetime) -> datetime:
    """Find the first minute with the later offset, halving the time between."""
    before = _offset(zone, early)
    while late - early > _MINUTE:
        middle = early + (late - early) // 2
        middle = middle.replace(second=0, microsecond=0)
        if _offset(zone, middle) == before:
            early = middle
        else:
            late = middle
    return late


def _change(
    zone: ZoneInfo, moment: datetime, *, offset_before: timedelta
) -> ClockChange:
    local = moment.astimezone(zone)
    return ClockChange(
        onset=moment.replace(tzinfo=None) + offset_before,
        offset_before=offset_before,
        offset_after=_offset(zone, moment),
        name=local.tzname() or zone.key,
        is_summer_time=bool(local.dst()),
    )


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)
