"""Rates as people write them: `10/m`, also a second, an hour or a day; `0` is none."""

from __future__ import annotations

import re
from datetime import timedelta

from app.domain.queues import Rate

#: What is above this is no limit.
HIGHEST_COUNT = 1_000_000
_SPANS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_RATE = re.compile(r"(\d{1,10})/([smhd])", re.ASCII)


def parse_rate(value: object) -> Rate | None:
    """Read `10/m` (`0`: no limit); raise ValueError with an example."""
    if value is None or isinstance(value, Rate):
        return value
    text = str(value).strip()
    if text == "0":
        return None
    found = _RATE.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{text!r} is not a rate; write 10/m (or /s, /h, /d), or 0 for no limit"
        )
    count = int(found[1])
    if not 1 <= count <= HIGHEST_COUNT:
        raise ValueError(
            f"must let 1 to {HIGHEST_COUNT} through; to stop a queue, pause it, and 0 "
            "means no limit"
        )
    return Rate(count=count, per=_SPANS[found[2]])


def write_rate(rate: Rate | None) -> str:
    """Write a rate as `parse_rate` reads it."""
    if rate is None:
        return "0"
    (unit,) = (unit for unit, span in _SPANS.items() if span == rate.per)
    return f"{rate.count}/{unit}"
