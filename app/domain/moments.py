"""Moments as people and machines write them: RFC 3339, always with an offset."""

from __future__ import annotations

from datetime import UTC, datetime

#: Years that can be printed in every time zone, and in which appointments happen.
YEARS = range(2000, 2200)


def read_moment(value: object) -> datetime:
    """Read an RFC 3339 time, whole seconds, in UTC; raise ValueError with an example.

    A naive time is refused: nobody can know when it is.
    """
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.year not in YEARS:
        raise ValueError(
            "must be a time with its offset, for example 2026-05-22T14:30:00+02:00"
        )
    return moment.astimezone(UTC).replace(microsecond=0)
