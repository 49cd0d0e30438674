"""What happens to bookings, by name, and which names a pattern means.

`services/events.py` tells it to the tasks that subscribe to it; a site's own events may
have any other name of this form.
"""

from __future__ import annotations

import difflib
import re
from enum import StrEnum
from fnmatch import fnmatchcase

_NAME = re.compile(r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$")
_PATTERN = re.compile(r"^[a-z0-9_*]+(\.[a-z0-9_*]+)+$")
#: What the names of Bellhop's own events begin with.
_OURS = "booking"
EXAMPLE = "write it like booking.paid"


class Event(StrEnum):
    """What Bellhop itself tells."""

    BOOKING_CREATED = "booking.created"  # somebody took places
    BOOKING_CONFIRMED = "booking.confirmed"  # it is paid, free, or staff said so
    BOOKING_PAID = "booking.paid"  # its payment was proven
    BOOKING_CANCELLED = "booking.cancelled"
    BOOKING_RESCHEDULED = "booking.rescheduled"
    BOOKING_COMPLETED = "booking.completed"
    BOOKING_NO_SHOW = "booking.no_show"
    BOOKING_ATTENDANCE_CONFIRMED = "booking.attendance_confirmed"  # they will come


_BOOKING = frozenset(
    {
        "event",
        "booking_id",
        "reference",
        "service_id",
        "status",
        "start",
        "end",
        "party_size",
        "amount",
        "currency",
    }
)
#: What each event tells; a task gets those of its arguments that are among them.
FACTS: dict[Event, frozenset[str]] = {
    **dict.fromkeys(Event, _BOOKING),
    Event.BOOKING_PAID: _BOOKING | {"provider", "payment_reference"},
    Event.BOOKING_RESCHEDULED: _BOOKING | {"old_start"},
}


def check_name(name: str) -> str:
    """Return the name of an event; raise ValueError for anything else."""
    if not _NAME.match(name):
        raise ValueError(f"{name!r} is not the name of an event; {EXAMPLE}")
    return name


def check_pattern(pattern: str) -> str:
    """Return a name in which a part may be `*`; raise ValueError for anything else.

    A name of our own which no event has is a slip: nobody would ever tell it.
    """
    if not _PATTERN.match(pattern):
        raise ValueError(f"{pattern!r} names no event; {EXAMPLE}, or order.*")
    is_ours = pattern.partition(".")[0] == _OURS
    if is_ours and not any(is_meant(event, pattern=pattern) for event in Event):
        nearest = difflib.get_close_matches(pattern, list(Event), n=1, cutoff=0.0)[0]
        raise ValueError(
            f"there is no event {pattern!r}; the nearest is {nearest}. Let the name of "
            f"one of your own begin with another word than {_OURS}"
        )
    return pattern


def is_meant(name: str, *, pattern: str) -> bool:
    """Tell whether the pattern means this event: `*` stands for one part of it."""
    parts, wanted = name.split("."), pattern.split(".")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))
