"""Quiet hours: when a message may not disturb, and what is done with it instead.

Pure. Asked when a message is planned, and again at the last look. Times are those of
the recipient's clocks; a window that begins in the evening ends the next morning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain.gate import Delay, Refusal
from app.domain.kinds import InQuietHours
from app.domain.recipients import Channel
from app.domain.tasks import Status

#: What comes too late after quiet hours leaves so long before they begin.
AHEAD = timedelta(minutes=1)
#: A change of an appointment that is closer than this is told at night, too.
SOON = timedelta(hours=24)
#: What is longer would leave too little of the day to send anything.
LONGEST = timedelta(hours=16)
#: Windows that follow each other without a pause are followed for a week at most.
_MOST_WINDOWS = 8
_WINDOW = re.compile(r"(\d{2}:\d{2})\s*-\s*(\d{2}:\d{2})", re.ASCII)
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Window:
    """From one time of the day until another, of the next day if that is not later."""

    begin: time
    end: time

    @property
    def length(self) -> timedelta:
        """How long it is on a day without a change of clocks."""
        begin, end = (datetime.combine(date.min, t) for t in (self.begin, self.end))
        return end - begin + (_DAY if end <= begin else timedelta(0))

    def __str__(self) -> str:
        """Write it as `parse_window` reads it."""
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, kw_only=True)
class QuietHours:
    """The house's quiet hours; a weekday's own window is the one that begins then."""

    usual: Window | None = None
    #: By weekday, Monday is 0; None: none begin on that day.
    days: Mapping[int, Window | None] = field(default_factory=dict)
    channels: frozenset[Channel] = frozenset({Channel.SMS, Channel.WHATSAPP})

    def beginning_on(self, day: date) -> Window | None:
        """Return the window that begins on a day."""
        return self.days.get(day.weekday(), self.usual)

    def for_recipient(self, own: Window | None) -> QuietHours:
        """Return what holds for somebody who chose a window of their own, or did not.

        Theirs replaces the house's on every day.
        """
        return self if own is None else QuietHours(usual=own, channels=self.channels)


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """One stretch of quiet hours as it passes, in UTC."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What must be known of a message to decide when it may leave.

    `appointments`: the times that it is about; of a move the old and the new one.
    `is_essential`: it must be known.
    """

    mode: InQuietHours
    is_essential: bool
    useful_until: datetime
    appointments: tuple[datetime, ...] = ()


def parse_window(value: object) -> Window | None:
    """Read `21:00-08:00` (`0`: none); raise ValueError with an example."""
    if value is None or isinstance(value, Window):
        return value
    text = str(value).strip()
    if text == "0":
        return None
    found = _WINDOW.fullmatch(text)
    try:
        begin, end = map(time.fromisoformat, found.groups() if found else ())
    except ValueError:
        raise ValueError(
            f"{text!r} is not a part of the day; write 21:00-08:00, or 0 for none"
        ) from None
    window = Window(begin=begin, end=end)
    if window.length > LONGEST:
        hours = LONGEST // timedelta(hours=1)
        raise ValueError(
            f"{text} leaves too little of the day; at most {hours} hours are quiet"
        )
    return window


def quiet_at(hours: QuietHours, moment: datetime, *, zone: ZoneInfo) -> Quiet | None:
    """Return the quiet hours in which a moment lies, or None.

    Where clocks are set back over an edge, quiet hours last for both of its times.
    """
    today = moment.astimezone(zone).date()
    for day in (today - _DAY, today):
        window = hours.beginning_on(day)
        if window is None:
            continue
        quiet = _stretch(window, day, zone)
        if quiet.begins <= moment < quiet.ends:
            return quiet
    return None


def decide(
    hours: QuietHours, wish: Wish, *, now: datetime, zone: ZoneInfo
) -> Refusal | Delay | None:
    """Return what keeps a message from leaving now; None: it may."""
    if not _waits(wish, now):
        return None
    ends = end_of_quiet(hours, now, zone=zone)
    if ends is None:
        return None
    clock = f"{ends.astimezone(zone):%H:%M}"
    if ends < wish.useful_until:
        reason = f"Waits for {clock}, the end of quiet hours."
        return Delay(until=ends, reason=reason)
    if wish.is_essential:
        return None
    reason = f"Quiet hours end at {clock}, when it would come too late to be useful."
    return Refusal(status=Status.EXPIRED, reason=reason)


def when_planned(
    hours: QuietHours, wish: Wish, *, due_at: datetime, now: datetime, zone: ZoneInfo
) -> Refusal | Delay | None:
    """Return what keeps a message from leaving when it is due; None: it may.

    What would be useless after quiet hours leaves before them, if that is still ahead.
    """
    if not _waits(wish, due_at):
        return None
    earlier = due_in_time(hours, due_at, useful_until=wish.useful_until, zone=zone)
    if now < earlier < due_at:
        clock = f"{earlier.astimezone(zone):%H:%M}"
        reason = f"Leaves at {clock}, just before quiet hours begin."
        return Delay(until=earlier, reason=reason)
    return decide(hours, wish, now=due_at, zone=zone)


def due_in_time(
    hours: QuietHours,
    due_at: datetime,
    *,
    useful_until: datetime,
    zone: ZoneInfo,
) -> datetime:
    """Return when to send what is due then, so that it is not late after quiet hours.

    Earlier, just before they begin, where it would be useless at their end.
    """
    ends = end_of_quiet(hours, due_at, zone=zone)
    if ends is None or ends < useful_until:
        return due_at
    moment = due_at
    for _ in range(_MOST_WINDOWS):
        quiet = quiet_at(hours, moment, zone=zone)
        if quiet is None:
            return moment
        moment = quiet.begins - AHEAD
    return due_at


def end_of_quiet(
    hours: QuietHours, moment: datetime, *, zone: ZoneInfo
) -> datetime | None:
    """Return when the quiet hours around a moment are over; None: there are none."""
    ends = None
    for _ in range(_MOST_WINDOWS):
        quiet = quiet_at(hours, ends or moment, zone=zone)
        if quiet is None:
            break
        ends = quiet.ends
    return ends


def _waits(wish: Wish, now: datetime) -> bool:
    if wish.mode is InQuietHours.SOON:
        # Each by itself: the old time of a move may be past while the new one is near.
        return not any(now <= start < now + SOON for start in wish.appointments)
    return wish.mode is InQuietHours.WAIT


def _stretch(window: Window, day: date, zone: ZoneInfo) -> Quiet:
    last = day if window.begin < window.end else day + _DAY
    return Quiet(
        begins=min(_both(day, window.begin, zone)),
        ends=max(_both(last, window.end, zone)),
    )


def _both(day: date, clock: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the moments at which clocks show a time: two, where they are set back."""
    shown = datetime.combine(day, clock, tzinfo=zone)
    return shown.astimezone(UTC), shown.replace(fold=1).astimezone(UTC)
