"""When customers are reminded and when left in peace, from what the file says.

Pure. Used by `reading.py` and `lines.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from app.domain.kinds import KINDS, Kind, KindPolicy
from app.domain.quiet_hours import QuietHours
from app.domain.reminders import PRESETS
from app.errors import Problem
from app.policy.tables import File, QuietHoursTable

#: As `date.weekday` counts them.
WEEKDAYS = (
    *("monday", "tuesday", "wednesday", "thursday"),
    *("friday", "saturday", "sunday"),
)


def quiet_hours_of(table: QuietHoursTable) -> QuietHours:
    """Return the quiet hours; a day that the table does not name is as usual."""
    given = table.given()
    return QuietHours(
        usual=table.hours,
        days={
            number: given[day]
            for number, day in enumerate(WEEKDAYS)
            if given.get(day, table.hours) != table.hours
        },
        channels=table.channels,
    )


def kinds_with(file: File) -> Mapping[Kind, KindPolicy]:
    """Return every kind's policy, with what the file says instead."""
    usual = dict(KINDS)
    if file.reminders.preset is not None:
        usual[Kind.BOOKING_REMINDER] = replace(
            usual[Kind.BOOKING_REMINDER], send_before=PRESETS[file.reminders.preset]
        )
    return {
        kind: replace(policy, **file.kinds[kind].given())
        if kind in file.kinds
        else policy
        for kind, policy in usual.items()
    }


def reminder_problems(file: File) -> Iterator[Problem]:
    """Tell what contradicts itself: two series of reminders, a link that none sees."""
    reminder = file.kinds.get(Kind.BOOKING_REMINDER)
    if file.reminders.preset and reminder and "send_before" in reminder.given():
        words = "says the same as kinds.booking_reminder.send_before; leave out one"
        yield Problem("reminders.preset", words)
    if file.reminders.review_url and not file.reminders.follow_up:
        words = 'is sent with the follow-up, which is off; example: follow_up = "2h"'
        yield Problem("reminders.review_url", words)
