"""Durations as the owner writes them: `90s`, `5m`, `2h`, `7d`."""

from __future__ import annotations

import re
from datetime import timedelta

#: A hundred years: what is added to or taken from a date stays a date.
LONGEST_DURATION = timedelta(days=36_500)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)([smhd])$", re.ASCII)


def parse_duration(value: object) -> timedelta:
    """Read `90s`, `5m`, `2h` or `7d` (or `0`); raise ValueError with an example."""
    if isinstance(value, timedelta):
        return value
    text = str(value).strip()
    if text == "0":
        return timedelta(0)
    found = _DURATION.match(text)
    if found is None:
        raise ValueError(f"{text!r} is not a duration; write 90s, 5m, 2h or 7d")
    seconds = float(found[1]) * timedelta(**{_UNITS[found[2]]: 1}).total_seconds()
    if seconds > LONGEST_DURATION.total_seconds():
        raise ValueError(f"is longer than {write_duration(LONGEST_DURATION)}")
    return timedelta(seconds=seconds)


def write_duration(value: timedelta) -> str:
    """Write a duration as `parse_duration` reads it, in its largest whole unit."""
    for unit, name in reversed(_UNITS.items()):
        count = value / timedelta(**{name: 1})
        if count >= 1 and count.is_integer():
            return f"{count:.0f}{unit}"
    return f"{value.total_seconds():.6f}".rstrip("0").rstrip(".") + "s" * bool(value)
