"""In quiet hours nobody is disturbed: what can wait waits, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from app.domain.bookings import Booking, Customer
from app.domain.quiet_hours import Window
from app.domain.recipients import Channel
from app.services import quiet_hours
from app.services.reminders import plan_due_reminders
from app.storage.tables import preferences, tasks
from tests.engine import UNLIMITED, Engine, open_engine
from tests.house import count, make_booking, perform, rows
from tests.reminding import DAY, HOUR, MINUTE, cancel, move

MADRID = ZoneInfo("Europe/Madrid")
AT_NIGHT = '[quiet_hours]\nhours = "21:00-08:00"\n'
#: Whoever is sent an SMS and nothing else.
DORA = Customer(name="Dora", phone="+34612345678", channels=frozenset({Channel.SMS}))


def madrid(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID).astimezone(UTC)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with house(tmp_path) as opened:
        yield opened


def house(folder: Path, policy: str = "") -> AbstractContextManager[Engine]:
    return open_engine(
        folder,
        now=madrid("2027-06-01T22:30"),
        policy=UNLIMITED + AT_NIGHT + policy,
        BELLHOP_TIMEZONE="Europe/Madrid",
    )


def book(engine: Engine, start: datetime, *, now: datetime | None = None) -> Booking:
    booking = make_booking(
        engine.runtime,
        customer=DORA,
        start=start,
        now=now or engine.clock.now,
        confirmed=True,
    )
    engine.work()
    return booking


def only(engine: Engine, kind: str) -> sa.RowMapping:
    (row,) = rows(engine.runtime, tasks, kind=kind)
    return row


def test_a_message_of_the_night_leaves_in_the_morning(engine: Engine) -> None:
    message = engine.message("Hello")
    engine.work()

    row = engine.row(message)
    assert (row["status"], row["attempts"]) == ("pending", 0)
    assert row["reason"] == "Waits for 08:00, the end of quiet hours."
    assert engine.texts == []

    engine.clock.now = madrid("2027-06-02T08:00")
    engine.work()

    assert engine.texts == ["Hello"]
    assert engine.row(message)["reason"] == ""


def test_what_is_claimed_as_they_begin_is_put_back_without_an_attempt(
    engine: Engine,
) -> None:
    engine.clock.now = madrid("2027-06-01T20:59:59")
    message = engine.queued("Hello")

    engine.clock.advance(seconds=1)
    engine.answer_doorbells()

    row = engine.row(message)
    assert (row["status"], row["attempts"], row["quick_tries"]) == ("pending", 0, 0)
    assert row["next_attempt_at"] == madrid("2027-06-02T08:00")
    assert row["reason"] == "Waits for 08:00, the end of quiet hours."


def test_an_e_mail_disturbs_nobody(engine: Engine) -> None:
    engine.message("Hello", channel=Channel.EMAIL, recipient="dora@example.org")
    engine.work()

    assert len(engine.texts) == 1


def test_the_night_is_the_recipients(engine: Engine) -> None:
    here = engine.message("Good night")
    there = engine.message("Good afternoon", timezone="America/New_York")
    engine.work()

    assert engine.status(there) == "sent"
    assert engine.status(here) == "pending"


def test_a_message_that_is_useful_for_the_night_alone_expires(engine: Engine) -> None:
    message = engine.message("Hello", useful_until=madrid("2027-06-02T07:30"))
    engine.work()

    row = engine.row(message)
    assert row["status"] == "expired"
    assert row["reason"] == (
        "Quiet hours end at 08:00, when it would come too late to be useful."
    )


def test_a_message_ordered_for_the_night_leaves_the_evening_before(
    engine: Engine,
) -> None:
    engine.clock.now = madrid("2027-06-01T12:00")
    message = engine.message(
        "Hello",
        due_at=madrid("2027-06-02T06:00"),
        useful_until=madrid("2027-06-02T07:30"),
    )

    row = engine.row(message)
    assert row["next_attempt_at"] == madrid("2027-06-01T20:59")
    assert row["reason"] == "Leaves at 20:59, just before quiet hours begin."

    engine.clock.now = madrid("2027-06-01T20:59")
    engine.work()

    assert engine.texts == ["Hello"]


def test_a_confirmation_answers_who_books_at_night(engine: Engine) -> None:
    book(engine, madrid("2027-06-20T10:00"))

    assert only(engine, "booking_confirmed")["status"] == "sent"


@pytest.mark.parametrize(
    ("start", "status"),
    [("2027-06-02T10:00", "sent"), ("2027-06-20T10:00", "pending")],
)
def test_a_cancellation_is_told_at_night_if_it_is_for_tomorrow(
    engine: Engine, start: str, status: str
) -> None:
    booking = book(engine, madrid(start))

    cancel(engine, booking)
    engine.work()

    assert only(engine, "booking_cancelled")["status"] == status


def test_who_was_to_come_tomorrow_hears_at_night_that_it_is_later(
    engine: Engine,
) -> None:
    booking = book(engine, madrid("2027-06-02T10:00"))

    move(engine, booking, by=9 * DAY)
    engine.work()

    assert only(engine, "booking_rescheduled")["status"] == "sent"


def test_an_owner_says_what_a_kind_does(tmp_path: Path) -> None:
    with house(tmp_path, '[kinds.message]\nquiet_hours = "leave"\n') as engine:
        engine.message("Hello")
        engine.work()

        assert engine.texts == ["Hello"]


def test_a_customers_own_hours_hold_instead_of_the_houses(engine: Engine) -> None:
    booking = book(engine, madrid("2027-06-20T10:00"))
    siesta = Window(begin=time(14), end=time(17))
    perform(
        engine.runtime,
        lambda tx: quiet_hours.choose(tx, booking, siesta, now=engine.clock.now),
    )

    at_night = engine.message("at night", recipient=DORA.phone)
    engine.work()
    engine.clock.now = madrid("2027-06-02T15:00")
    at_noon = engine.message("at noon", recipient=DORA.phone)
    engine.work()

    assert engine.status(at_night) == "sent"
    assert engine.row(at_noon)["next_attempt_at"] == madrid("2027-06-02T17:00")


def test_hours_of_ones_own_can_be_changed(engine: Engine) -> None:
    booking = book(engine, madrid("2027-06-20T10:00"))
    for window in (
        Window(begin=time(1), end=time(2)),
        Window(begin=time(22), end=time(9)),
    ):
        perform(
            engine.runtime,
            lambda tx, w=window: quiet_hours.choose(
                tx, booking, w, now=engine.clock.now
            ),
        )

    message = engine.message("Hello", recipient=DORA.phone)

    assert engine.row(message)["next_attempt_at"] == madrid("2027-06-02T09:00")


def test_hours_of_ones_own_can_be_given_up_again(engine: Engine) -> None:
    booking = book(engine, madrid("2027-06-20T10:00"))
    for window in (Window(begin=time(1), end=time(2)), None):
        perform(
            engine.runtime,
            lambda tx, w=window: quiet_hours.choose(
                tx, booking, w, now=engine.clock.now
            ),
        )

    assert count(engine.runtime, preferences) == 0


def test_a_reminder_that_the_night_would_make_late_leaves_the_evening_before(
    engine: Engine,
) -> None:
    engine.clock.now = madrid("2027-06-01T12:00")
    early = madrid("2027-06-03T07:30")
    book(engine, early)
    leaves = []

    while engine.clock.now < early:
        if plan_due_reminders(engine.runtime):
            leaves.append(engine.clock.now)
        engine.work()
        engine.clock.advance(minutes=1)

    assert leaves == [madrid("2027-06-02T07:30"), madrid("2027-06-02T20:59")]
    sent = [
        row["status"] for row in rows(engine.runtime, tasks, kind="booking_reminder")
    ]
    assert sent == ["sent", "sent"]


def test_a_change_of_ones_hours_is_seen_by_reminders_that_are_to_come(
    engine: Engine,
) -> None:
    engine.clock.now = madrid("2027-06-01T12:00")
    booking = book(engine, madrid("2027-06-03T07:30"))
    plan_due_reminders(engine.runtime)

    never = Window(begin=time(12, 30), end=time(12, 31))
    perform(
        engine.runtime,
        lambda tx: quiet_hours.choose(tx, booking, never, now=engine.clock.now),
    )
    engine.clock.now = madrid("2027-06-02T07:30")
    plan_due_reminders(engine.runtime)
    engine.clock.now = booking.start - 2 * HOUR - MINUTE
    too_early = plan_due_reminders(engine.runtime)
    engine.clock.advance(minutes=1)

    assert (too_early, plan_due_reminders(engine.runtime)) == (0, 1)
