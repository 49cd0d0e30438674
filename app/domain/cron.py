"""Cron lines: five fields, read once, and when a line is due in a time zone.

Used through `domain/schedule.py`. Reads no clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self

EXAMPLE = "write five fields, for example 0 2 * * * (every night at 2:00)"
_MONTHS = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST_MONTHS = dict(
    enumerate((31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), start=1)
)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class _Field:
    """One of the five: its name, its least and greatest number, and its words."""

    name: str
    least: int
    most: int
    words: dict[str, int]


#: Sunday is 0 and 7.
_FIELDS = (
    _Field(name="minute", least=0, most=59, words={}),
    _Field(name="hour", least=0, most=23, words={}),
    _Field(name="day", least=1, most=31, words={}),
    _Field(
        name="month",
        least=1,
        most=12,
        words={word: number for number, word in enumerate(_MONTHS, start=1)},
    ),
    _Field(
        name="weekday",
        least=0,
        most=7,
        words={word: number for number, word in enumerate(_WEEKDAYS)},
    ),
)


@dataclass(frozen=True)
class Cron:
    """Minutes, hours, days, months and weekdays at which something is due.

    It is due once per local date and time, whatever the clocks do at night. An hour
    that comes twice counts the first time only: `*/15 * * * *` has four runs in it and
    then none until the clocks go beyond it, an hour later. What falls into an hour
    that is skipped is due at the first moment after it, all of it together in one run.
    """

    #: As written, with one space between two fields.
    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    #: 0 is Sunday.
    weekdays: frozenset[int]
    #: Day and weekday are both given: either is enough, as cron has always had it.
    is_either_day: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `0 2 * * *`; raise ValueError with a sentence and an example."""
        words = text.split()
        if len(words) != len(_FIELDS):
            raise ValueError(f"{text!r} is not a cron line; {EXAMPLE}")
        minutes, hours, days, months, weekdays = (
            _numbers(word.lower(), field, text)
            for word, field in zip(words, _FIELDS, strict=True)
        )
        line = cls(
            text=" ".join(words),
            minutes=minutes,
            hours=hours,
            days=days,
            months=months,
            weekdays=frozenset(number % 7 for number in weekdays),
            is_either_day=not (words[2].startswith("*") or words[4].startswith("*")),
        )
        if not line.is_either_day and not line._has_a_day():
            raise ValueError(f"{text!r} names a day that never comes; {EXAMPLE}")
        return line

    def next_after(self, moment: datetime, *, timezone: tzinfo) -> datetime:
        """Return the first moment after this one at which the line is due, in UTC."""
        moment = moment.astimezone(UTC)
        wall = moment.astimezone(timezone).replace(tzinfo=None)
        dues = (_first_moment(due, timezone) for due in self._wall_times(wall))
        return next(due for due in dues if due > moment)

    def __str__(self) -> str:
        """Return the line as it was written."""
        return self.text

    def _has_a_day(self) -> bool:
        return any(min(self.days) <= _LONGEST_MONTHS[month] for month in self.months)

    def _wall_times(self, after: datetime) -> Iterator[datetime]:
        """List, as a clock on the wall shows them, all times of the line from here."""
        wall = after.replace(second=0, microsecond=0) + _MINUTE
        while True:
            day = wall.replace(hour=0, minute=0)
            if wall.month not in self.months:
                wall = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
            elif not self._is_on(wall):
                wall = day + timedelta(days=1)
            elif wall.hour not in self.hours:
                wall = wall.replace(minute=0) + timedelta(hours=1)
            else:
                if wall.minute in self.minutes:
                    yield wall
                wall += _MINUTE

    def _is_on(self, wall: datetime) -> bool:
        found = (wall.day in self.days, wall.isoweekday() % 7 in self.weekdays)
        return any(found) if self.is_either_day else all(found)


def _first_moment(wall: datetime, timezone: tzinfo) -> datetime:
    """Return the first moment at which clocks there show this time, or a later one."""
    late = wall.replace(tzinfo=timezone).astimezone(UTC)
    if _wall(late, timezone) == wall:
        return late
    # The clocks skip this time; the two readings stand on either side of the jump.
    early = wall.replace(tzinfo=timezone, fold=1).astimezone(UTC)
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        if _wall(middle, timezone) < wall:
            early = middle
        else:
            late = middle
    return late


def _wall(moment: datetime, timezone: tzinfo) -> datetime:
    return moment.astimezone(timezone).replace(tzinfo=None)


def _numbers(word: str, field: _Field, text: str) -> frozenset[int]:
    """Read one field: `*`, `5`, `1-5`, `*/15`, `0-30/10`, or several with commas."""
    try:
        return frozenset(n for part in word.split(",") for n in _span(part, field))
    except ValueError:
        raise ValueError(
            f"{text!r} is not a cron line: its {field.name} must be *, a number from "
            f"{field.least} to {field.most}, 1-5, 1,3 or */2; {EXAMPLE}"
        ) from None


def _span(part: str, field: _Field) -> range:
    ends, slash, step = part.partition("/")
    first, dash, last = ends.partition("-")
    if ends == "*":
        least, most = field.least, field.most
    else:
        least = _number(first, field)
        most = _number(last, field) if dash else least
    if most < least or (slash and not dash and ends != "*"):
        raise ValueError(part)
    return range(least, most + 1, _step(step) if slash else 1)


def _number(word: str, field: _Field) -> int:
    number = field.words[word] if word in field.words else _digits(word)
    if not field.least <= number <= field.most:
        raise ValueError(word)
    return number


def _step(word: str) -> int:
    if (step := _digits(word)) < 1:
        raise ValueError(word)
    return step


def _digits(word: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) < 4):
        raise ValueError(word)
    return int(word)
