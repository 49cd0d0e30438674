"""The booking as a file for calendars, behind the link of its own page."""

from __future__ import annotations

from datetime import timedelta

from app.clock import utc_now
from app.domain.bookings import Booking
from app.domain.own_page import LINK_LIVES
from app.services import bookings
from app.storage import tables
from tests.calendars import read_calendar
from tests.door import Answer, Door
from tests.house import change_row, make_booking, perform


def file_of(door: Door, booking: Booking) -> Answer:
    url = door.get(f"/bookings/{booking.id}").json["manage_url"]
    path = url.removeprefix(f"{door.runtime.settings.base_url}/")
    return door.with_key(None).get(f"//{path}/calendar.ics")


def test_any_calendar_can_read_the_booking(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)

    answer = file_of(door, booking)

    calendar = read_calendar(answer.text)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert (
        f'filename="{booking.reference}.ics"' in answer.headers["Content-Disposition"]
    )
    assert calendar.method.value == "PUBLISH"
    assert calendar.vevent.dtstart.value == booking.start
    assert calendar.vevent.status.value == "CONFIRMED"


def test_it_is_the_entry_that_e_mails_bring_and_invites_nobody(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)

    event = read_calendar(file_of(door, booking).text).vevent

    assert event.uid.value == f"{booking.id}@bellhop"
    assert int(event.sequence.value) == booking.sequence
    assert "attendee" not in event.contents


def test_a_cancelled_booking_is_cancelled_in_the_calendar_too(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)
    perform(
        door.runtime,
        lambda tx: bookings.cancel(tx, door.runtime, booking, now=utc_now(), reason=""),
    )

    event = read_calendar(file_of(door, booking).text).vevent

    assert event.status.value == "CANCELLED"
    assert int(event.sequence.value) == booking.sequence + 1


def test_a_link_that_has_expired_gives_nothing_away(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)
    end = utc_now() - LINK_LIVES - timedelta(hours=1)
    start = end - timedelta(hours=1)
    change_row(door.runtime, tables.bookings, booking.id, start=start, end=end)

    answer = file_of(door, booking)

    assert answer.status == 302
    assert booking.reference not in answer.text


def test_a_link_that_leads_nowhere_is_explained_by_the_page(door: Door) -> None:
    answer = door.with_key(None).get("//b/forged/calendar.ics")

    assert answer.status == 302
    assert answer.headers["Location"] == "/b/forged"
