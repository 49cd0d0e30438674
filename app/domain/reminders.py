"""The series of reminders: when each step of a booking is due, and which one is now.

Pure. Called by `services/reminders.py`, with the booking as it is at that moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.domain.bookings import Booking, BookingStatus
from app.domain.kinds import USEFUL_FOR, Kind
from app.domain.quiet_hours import QuietHours, due_in_time

#: A reminder that quiet hours would bring nearer to the start than this is sent before
#: them instead.
LEAST = timedelta(minutes=30)
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


class Preset(StrEnum):
    """Series that suit a trade."""

    SALON = "salon"  # a day before, and two hours before
    CLINIC = "clinic"  # three days before, too: the place can still be given away
    RESTAURANT = "restaurant"  # a day before, and before the table is laid


#: How long before the start the reminders of each leave.
PRESETS: dict[Preset, tuple[timedelta, ...]] = {
    Preset.SALON: (_DAY, 2 * _HOUR),
    Preset.CLINIC: (3 * _DAY, _DAY, 2 * _HOUR),
    Preset.RESTAURANT: (_DAY, 3 * _HOUR),
}


@dataclass(frozen=True, kw_only=True)
class Series:
    """When a service's customers hear of their appointment.

    `zone` is the business's: there the appointment is. `quiet` are the hours in which
    the customer is not disturbed, in `customer_zone`; None: they are at any hour.
    """

    before: Sequence[timedelta]
    #: How long after the end; 0: never.
    follow_up: timedelta
    zone: ZoneInfo
    customer_zone: ZoneInfo
    quiet: QuietHours | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One reminder, or the follow-up; the occasion tells it from all others."""

    kind: Kind
    occasion: str
    due_at: datetime
    useful_until: datetime


def steps_of(booking: Booking, series: Series) -> list[Step]:
    """Return every step of a booking as it stands, in the order of the series."""
    steps = []
    if booking.status is BookingStatus.CONFIRMED:
        longest_first = sorted(set(series.before), reverse=True)
        steps = [_reminder(booking, series, before) for before in longest_first]
    may_follow = booking.status in (BookingStatus.CONFIRMED, BookingStatus.COMPLETED)
    if may_follow and series.follow_up:
        due_at = booking.end + series.follow_up
        follow_up = Step(
            kind=Kind.FOLLOW_UP,
            occasion=f"after {booking.start.isoformat()}",
            due_at=due_at,
            useful_until=due_at + USEFUL_FOR,
        )
        steps.append(follow_up)
    return steps


def due_step(booking: Booking, steps: Sequence[Step], *, now: datetime) -> Step | None:
    """Return the step that is due: the last one whose moment has come.

    After a night without power only that one is sent, not all that were missed. A
    moment that lay before the confirmation, or before the last move, is none: who books
    two hours ahead has just been told. Nor is one before the last reminder: whoever was
    told by another series is not told again.
    """
    told_at = booking.told_at or booking.created_at
    passed = [step for step in steps if told_at < step.due_at <= now]
    if not passed or passed[-1].useful_until <= now:
        return None
    return None if passed[-1].occasion == booking.reminded else passed[-1]


def next_moment(steps: Sequence[Step], *, now: datetime) -> datetime | None:
    """Return when the next step is due; None: there is none to come."""
    return min((step.due_at for step in steps if step.due_at > now), default=None)


def moment_before(start: datetime, before: timedelta, *, zone: ZoneInfo) -> datetime:
    """Return the moment so long before: whole days by the clock, the rest as it passes.

    A day before 10:00 is 10:00, also in a night in which clocks are changed.
    """
    days = before // _DAY
    same_clock = start.astimezone(zone) - days * _DAY
    return same_clock.astimezone(UTC) - (before - days * _DAY)


def _reminder(booking: Booking, series: Series, before: timedelta) -> Step:
    due_at = moment_before(booking.start, before, zone=series.zone)
    if series.quiet is not None:
        due_at = due_in_time(
            series.quiet,
            due_at,
            useful_until=booking.start - LEAST,
            zone=series.customer_zone,
        )
    minutes = before // timedelta(minutes=1)
    return Step(
        kind=Kind.BOOKING_REMINDER,
        occasion=f"{minutes}m before {booking.start.isoformat()}",
        due_at=due_at,
        useful_until=booking.start,
    )
