"""Reminders: once each, at their moment, from the appointment as it is then."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.domain.bookings import Customer
from app.services.reminders import plan_due_reminders
from tests.engine import Engine, open_engine
from tests.house import CHARLIE, make_booking, make_service
from tests.reminding import DAY, HOUR, MINUTE, book, planned_at, reminders


def test_one_leaves_a_day_before_and_one_two_hours_before(engine: Engine) -> None:
    start = book(engine, ahead=3 * DAY).start
    just_before = timedelta(milliseconds=1)

    counts = [
        planned_at(engine, moment)
        for moment in (
            start - DAY - just_before,
            start - DAY,
            start - 2 * HOUR - just_before,
            start - 2 * HOUR,
            start - MINUTE,
        )
    ]
    engine.work()

    assert counts == [0, 1, 0, 1, 0]
    assert {row["status"] for row in reminders(engine)} == {"sent", "superseded"}


def test_a_reminder_is_useful_until_the_appointment_begins(engine: Engine) -> None:
    start = book(engine, ahead=3 * DAY).start

    planned_at(engine, start - DAY)

    (reminder,) = reminders(engine)
    assert reminder["useful_until"] == start


def test_five_runs_plan_it_once(engine: Engine) -> None:
    start = book(engine, ahead=3 * DAY).start

    counts = [planned_at(engine, start - DAY + n * MINUTE) for n in range(5)]

    assert counts == [1, 0, 0, 0, 0]


def test_two_schedulers_at_once_plan_it_once(engine: Engine) -> None:
    engine.clock.now = book(engine, ahead=3 * DAY).start - DAY
    both = threading.Barrier(2)

    def run() -> None:
        both.wait()
        plan_due_reminders(engine.runtime)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(reminders(engine)) == 1


def test_a_service_may_have_reminders_of_its_own(engine: Engine) -> None:
    own = make_service(engine.runtime, reminders=(7 * DAY, HOUR))
    start = book(engine, ahead=10 * DAY, service=own).start

    counts = [
        planned_at(engine, moment)
        for moment in (start - 7 * DAY, start - DAY, start - 2 * HOUR, start - HOUR)
    ]

    assert counts == [1, 0, 0, 1]


def test_a_service_may_have_none(engine: Engine) -> None:
    silent = make_service(engine.runtime, reminders=())
    start = book(engine, ahead=3 * DAY, service=silent).start

    assert planned_at(engine, start - DAY) == planned_at(engine, start - HOUR) == 0


def test_the_owner_decides_how_long_before(tmp_path: Path) -> None:
    policy = '[kinds.booking_reminder]\nsend_before = ["3h"]\n'
    (tmp_path / "bellhop.toml").write_text(policy, encoding="utf-8")
    with open_engine(tmp_path) as engine:
        start = book(engine, ahead=3 * DAY).start

        assert planned_at(engine, start - DAY) == 0
        assert planned_at(engine, start - 3 * HOUR) == 1


@pytest.mark.parametrize(
    ("ahead", "minutes_before"),
    [
        (20 * HOUR, [120]),  # the moment a day before had passed already
        (24 * HOUR, [120]),  # who books a day ahead has just been told
        (25 * HOUR, [1440, 120]),
        (90 * MINUTE, []),
    ],
)
def test_a_moment_before_the_confirmation_is_no_missed_reminder(
    engine: Engine, ahead: timedelta, minutes_before: list[int]
) -> None:
    start = book(engine, ahead=ahead).start
    told = []

    while engine.clock.now < start:
        if plan_due_reminders(engine.runtime):
            told.append((start - engine.clock.now) // MINUTE)
        engine.clock.advance(minutes=30)

    assert told == minutes_before


def test_after_a_night_without_power_only_the_nearest_is_sent(engine: Engine) -> None:
    start = book(engine, ahead=3 * DAY).start

    assert planned_at(engine, start - HOUR) == 1
    engine.work()

    (reminder,) = reminders(engine)
    assert reminder["status"] == "sent"
    assert reminder["dedupe_key"].count("120m before") == 1


def test_after_the_appointment_has_begun_none_is_sent(engine: Engine) -> None:
    start = book(engine, ahead=3 * DAY).start

    assert planned_at(engine, start) == 0


def test_hundreds_that_are_due_at_once_are_all_planned(engine: Engine) -> None:
    class_of_many = make_service(engine.runtime, capacity=500)
    start = engine.clock.now + 3 * DAY
    for _ in range(120):
        make_booking(
            engine.runtime,
            class_of_many,
            customer=CHARLIE,
            start=start,
            confirmed=True,
        )

    assert planned_at(engine, start - DAY) == 120
    assert planned_at(engine, start - DAY + MINUTE) == 0


@pytest.mark.parametrize(
    ("zone", "appointment"),
    [
        ("Europe/Helsinki", "2027-03-28T10:00"),  # the night has 23 hours
        ("Europe/Helsinki", "2027-10-31T10:00"),  # … 25
        ("America/New_York", "2027-03-14T10:00"),
        ("America/New_York", "2027-11-07T10:00"),
        ("Australia/Lord_Howe", "2027-04-04T10:00"),  # half an hour
        ("Australia/Lord_Howe", "2027-10-03T10:00"),
        ("Asia/Kolkata", "2027-03-28T10:00"),  # never
    ],
)
def test_on_nights_when_clocks_change_each_comes_once_and_tells_the_right_hour(
    tmp_path: Path, zone: str, appointment: str
) -> None:
    start = datetime.fromisoformat(appointment).replace(tzinfo=ZoneInfo(zone))
    begun = start.astimezone(UTC) - timedelta(hours=26)
    with open_engine(tmp_path, now=begun, BELLHOP_TIMEZONE=zone) as engine:
        traveller = Customer(name="Charlie", email=CHARLIE.email, timezone=zone)
        make_booking(
            engine.runtime,
            customer=traveller,
            start=start.astimezone(UTC),
            confirmed=True,
        )
        engine.work()
        came = []
        while engine.clock.now < start:
            if plan_due_reminders(engine.runtime):
                came.append(start - engine.clock.now.astimezone(start.tzinfo))
            engine.work()
            engine.clock.advance(minutes=30)

        assert came == [DAY, 2 * HOUR]  # by the clock, as one zone's times are counted
        assert ["10:00" in text for text in engine.texts] == [True] * 3
