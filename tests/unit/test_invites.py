"""Calendar files: what is in them, read back by a parser that did not write them.

The golden files under `tests/golden/calendar/` are what calendars get. After a change
on purpose, run the tests once with BELLHOP_TEST_REWRITE_GOLDEN=1 and read the diff.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.bookings import BookingStatus
from app.domain.invites import Appointment, Mailbox, Method, calendar_file
from tests.calendars import read_calendar

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "calendar"
REWRITE = os.environ.get("BELLHOP_TEST_REWRITE_GOLDEN") == "1"
MADRID = ZoneInfo("Europe/Madrid")
ZONES = [
    "Europe/Madrid",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Africa/Casablanca",
]

CONFIRMED = Appointment(
    booking_id="019a5b3e-0000-7000-8000-000000000001",
    sequence=1,
    status=BookingStatus.CONFIRMED,
    start=datetime(2026, 5, 22, 12, 30, tzinfo=UTC),
    end=datetime(2026, 5, 22, 14, 0, tzinfo=UTC),
    timezone="Europe/Madrid",
    summary="Corte, peinado & color; Salón Rosa",
    reference="7KQ2M9R",
    url="https://salon.example/b/IjAxOWE1YjNlLTAwMDAtNzAwMC04MDAwIg.c2lnbmF0dXJl",
    business=Mailbox(name="Salón Rosa", address="hola@salon.example"),
    customer=Mailbox(name="Alice", address="alice@example.org"),
    written_at=datetime(2026, 5, 1, 9, 15, 30, 123456, tzinfo=UTC),
)
MOVED = replace(
    CONFIRMED,
    sequence=2,
    start=CONFIRMED.start + timedelta(days=4),
    end=CONFIRMED.end + timedelta(days=4),
)
CANCELLED = replace(MOVED, sequence=3, status=BookingStatus.CANCELLED)

#: What stands in each golden file.
FILES = {
    "confirmed.ics": (CONFIRMED, Method.REQUEST),
    "moved.ics": (MOVED, Method.REQUEST),
    "cancelled.ics": (CANCELLED, Method.CANCEL),
    "kept.ics": (CONFIRMED, Method.PUBLISH),
    "other_half_of_the_world.ics": (
        replace(CONFIRMED, timezone="Australia/Lord_Howe"),
        Method.REQUEST,
    ),
}


def event_of(appointment: Appointment, *, method: Method = Method.REQUEST) -> Any:
    return read_calendar(calendar_file(appointment, method=method)).vevent


@pytest.mark.parametrize("name", FILES)
def test_calendars_get_what_was_agreed(name: str) -> None:
    appointment, method = FILES[name]
    content = calendar_file(appointment, method=method).encode()
    if REWRITE:
        GOLDEN.mkdir(parents=True, exist_ok=True)
        (GOLDEN / name).write_bytes(content)

    assert (GOLDEN / name).read_bytes() == content


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_another_parser_reads_the_golden_file_as_it_was_meant(name: str) -> None:
    appointment, method = FILES[name]

    calendar = read_calendar((GOLDEN / name).read_text(encoding="utf-8"))

    event = calendar.vevent
    zone = ZoneInfo(appointment.timezone)
    assert calendar.method.value == method
    assert event.uid.value == f"{appointment.booking_id}@bellhop"
    assert int(event.sequence.value) == appointment.sequence
    assert event.summary.value == appointment.summary
    assert event.url.value == appointment.url
    assert event.organizer.value == "mailto:hola@salon.example"
    assert event.dtstamp.value == appointment.written_at.replace(microsecond=0)
    assert event.dtstart.params["X-VOBJ-ORIGINAL-TZID"] == [appointment.timezone]
    assert event.dtstart.value == appointment.start.astimezone(zone)
    assert event.dtend.value == appointment.end.astimezone(zone)


@pytest.mark.parametrize("name", FILES)
def test_a_golden_file_is_written_as_the_standard_demands(name: str) -> None:
    content = (GOLDEN / name).read_bytes()

    lines = content.split(b"\r\n")
    assert lines[-1] == b""
    assert b"\n" not in b"".join(lines)
    assert max(map(len, lines)) <= 75


def test_every_zone_that_is_named_is_described() -> None:
    calendar = read_calendar(calendar_file(CONFIRMED, method=Method.REQUEST))

    assert calendar.vevent.dtstart.params["X-VOBJ-ORIGINAL-TZID"] == ["Europe/Madrid"]
    assert [zone.tzid.value for zone in calendar.vtimezone_list] == ["Europe/Madrid"]


def test_a_cancellation_says_so_twice() -> None:
    calendar = read_calendar(calendar_file(CANCELLED, method=Method.CANCEL))

    assert calendar.method.value == "CANCEL"
    assert calendar.vevent.status.value == "CANCELLED"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (BookingStatus.PENDING_PAYMENT, "TENTATIVE"),
        (BookingStatus.CONFIRMED, "CONFIRMED"),
        (BookingStatus.COMPLETED, "CONFIRMED"),
        (BookingStatus.NO_SHOW, "CONFIRMED"),
        (BookingStatus.CANCELLED, "CANCELLED"),
        (BookingStatus.EXPIRED, "CANCELLED"),
    ],
)
def test_each_status_has_its_word_in_calendars(
    status: BookingStatus, said: str
) -> None:
    assert event_of(replace(CONFIRMED, status=status)).status.value == said


def test_the_customer_is_invited_as_one_who_has_agreed() -> None:
    guest = event_of(CONFIRMED).attendee

    assert guest.value == "mailto:alice@example.org"
    assert guest.params["PARTSTAT"] == ["ACCEPTED"]
    assert guest.params["RSVP"] == ["FALSE"]


def test_a_file_that_is_only_kept_invites_nobody() -> None:
    event = event_of(CONFIRMED, method=Method.PUBLISH)

    assert "attendee" not in event.contents


def test_the_same_appointment_makes_the_same_file() -> None:
    first, second = (calendar_file(CONFIRMED, method=Method.REQUEST) for _ in range(2))

    assert first == second


def test_the_second_of_two_equal_hours_is_not_taken_for_the_first() -> None:
    # On October 25, 2026 clocks in Madrid show 02:30 twice.
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert second.astimezone(MADRID).fold == 1

    event = event_of(
        replace(CONFIRMED, start=second, end=second + timedelta(minutes=15))
    )

    assert "TZID" not in event.dtstart.params
    assert event.dtstart.value.astimezone(UTC) == second


def test_in_utc_no_zone_is_described() -> None:
    text = calendar_file(replace(CONFIRMED, timezone="UTC"), method=Method.REQUEST)

    assert "VTIMEZONE" not in text
    assert read_calendar(text).vevent.dtstart.value == CONFIRMED.start


@given(
    st.sampled_from(ZONES),
    st.datetimes(
        min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
        max_value=datetime(2036, 1, 1),  # noqa: DTZ001 - as above
        timezones=st.just(UTC),
    ),
)
def test_the_moment_stays_the_same_in_every_zone(zone: str, start: datetime) -> None:
    end = start + timedelta(minutes=45)

    event = event_of(replace(CONFIRMED, timezone=zone, start=start, end=end))

    assert event.dtstart.value.astimezone(UTC) == start.replace(microsecond=0)
    assert event.dtend.value.astimezone(UTC) == end.replace(microsecond=0)


@pytest.mark.parametrize("zone", [zone for zone in ZONES if zone != "Asia/Kolkata"])
def test_the_moment_stays_the_same_on_nights_when_clocks_change(zone: str) -> None:
    quarters = [
        change + timedelta(minutes=15 * step)
        for change in clock_changes(zone)
        for step in range(-16, 17)
    ]

    for start in quarters:
        appointment = replace(
            CONFIRMED, timezone=zone, start=start, end=start + timedelta(minutes=15)
        )
        assert event_of(appointment).dtstart.value.astimezone(UTC) == start


def clock_changes(zone: str) -> list[datetime]:
    """Return the hours of 2026 after which clocks there are changed."""
    local = ZoneInfo(zone)
    hours = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(8760))
    return [
        hour
        for hour in hours
        if hour.astimezone(local).utcoffset()
        != (hour + timedelta(hours=1)).astimezone(local).utcoffset()
    ]


@given(st.text())
def test_no_name_or_service_adds_a_line(words: str) -> None:
    appointment = replace(
        CONFIRMED,
        summary=words,
        reference=words,
        customer=Mailbox(name=words, address="alice@example.org"),
    )

    event = event_of(appointment)

    usual = event_of(replace(CONFIRMED, reference="7KQ2M9R"))
    assert set(event.contents) == set(usual.contents)
    assert event.attendee.value == "mailto:alice@example.org"
