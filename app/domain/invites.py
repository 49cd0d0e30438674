"""A booking as calendars take it: a file that updates in place (RFC 5545, RFC 5546).

Called when an e-mail is worded, and by the customer's page. The same appointment makes
the same file, byte for byte. A calendar knows a booking by its UID, and goes by the
state with the highest sequence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from app.domain.bookings import BookingStatus
from app.domain.clock_changes import clock_changes
from app.domain.plain_text import clean_line

if TYPE_CHECKING:
    from icalendar import (
        Event,
        Timezone,
        vCalAddress,
    )

#: Who made the file, as the standard demands.
PRODUCT = "-//Bellhop//Bookings//EN"
#: What a calendar says of a booking; of any other status, that it takes place.
_STATUS: Mapping[BookingStatus, str] = {
    BookingStatus.PENDING_PAYMENT: "TENTATIVE",
    BookingStatus.CANCELLED: "CANCELLED",
    BookingStatus.EXPIRED: "CANCELLED",
}


class Method(StrEnum):
    """What a file asks of the calendar."""

    PUBLISH = "PUBLISH"  # keep it; nobody is invited
    REQUEST = "REQUEST"  # put it in, or bring what is there up to date
    CANCEL = "CANCEL"  # take it out


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """A name and an e-mail address."""

    name: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Appointment:
    """What a calendar is told of a booking; `written_at` is that of the message."""

    booking_id: str
    sequence: int
    status: BookingStatus
    start: datetime
    end: datetime
    timezone: str
    summary: str
    reference: str = ""
    url: str = ""
    business: Mailbox
    customer: Mailbox | None = None
    written_at: datetime


def calendar_file(appointment: Appointment, *, method: Method) -> str:
    """Return the file; PUBLISH names no customer, because it invites nobody."""
    from icalendar import Calendar  # noqa: PLC0415 - 5 MB that few processes need

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method.value)
    if appointment.timezone != "UTC":
        year = appointment.start.year
        calendar.add_component(_timezone(appointment.timezone, year=year))
    calendar.add_component(_event(appointment, method))
    return str(calendar.to_ical(), "utf-8")


def _event(appointment: Appointment, method: Method) -> Event:
    from icalendar import Event  # noqa: PLC0415 - as above

    zone = ZoneInfo(appointment.timezone)
    event = Event()
    event.add("uid", f"{appointment.booking_id}@bellhop")
    event.add("sequence", appointment.sequence)
    event.add("dtstamp", _local(appointment.written_at, UTC))
    event.add("dtstart", _local(appointment.start, zone))
    event.add("dtend", _local(appointment.end, zone))
    event.add("summary", clean_line(appointment.summary))
    event.add("status", _STATUS.get(appointment.status, "CONFIRMED"))
    event.add("organizer", _address(appointment.business))
    if appointment.customer is not None and method is not Method.PUBLISH:
        event.add("attendee", _guest(appointment.customer))
    # Not every calendar shows a URL: it stands in the description, too.
    lines = (clean_line(appointment.reference), appointment.url)
    if any(lines):
        event.add("description", "\n".join(line for line in lines if line))
    if appointment.url:
        event.add("url", appointment.url)
    return event


def _guest(customer: Mailbox) -> vCalAddress:
    """Invite the customer as one who has agreed: they booked, so nobody asks them.

    Otherwise their calendar would send answers by e-mail that nobody reads.
    """
    guest = _address(customer)
    guest.params["CUTYPE"] = "INDIVIDUAL"
    guest.params["ROLE"] = "REQ-PARTICIPANT"
    guest.params["PARTSTAT"] = "ACCEPTED"
    guest.params["RSVP"] = "FALSE"
    return guest


def _address(mailbox: Mailbox) -> vCalAddress:
    from icalendar import vCalAddress  # noqa: PLC0415 - as above

    address = vCalAddress(f"mailto:{mailbox.address}")
    if name := clean_line(mailbox.name):
        address.params["CN"] = name.replace('"', "'")  # which no parameter may hold
    return address


@lru_cache(maxsize=64)
def _timezone(name: str, *, year: int) -> Timezone:
    """Describe a zone from the year before until the year after; made once.

    A calendar that knows the zone by other rules still shows the right hour.
    """
    from icalendar import (  # noqa: PLC0415 - as above
        Timezone,
        TimezoneDaylight,
        TimezoneStandard,
    )

    timezone = Timezone()
    timezone.add("tzid", name)
    first, last = (datetime(y, 1, 1, tzinfo=UTC) for y in (year - 1, year + 2))
    for change in clock_changes(ZoneInfo(name), first=first, last=last):
        season = TimezoneDaylight() if change.is_summer_time else TimezoneStandard()
        season.add("dtstart", change.onset)
        season.add("tzoffsetfrom", change.offset_before)
        season.add("tzoffsetto", change.offset_after)
        season.add("tzname", change.name)
        timezone.add_component(season)
    return timezone


def _local(moment: datetime, zone: tzinfo) -> datetime:
    """Return the moment as the zone's clocks show it, in whole seconds.

    In the hour that they show twice in autumn a file can name the first one only: the
    second stays in UTC.
    """
    local = moment.replace(microsecond=0).astimezone(zone)
    return local.astimezone(UTC) if local.fold else local
