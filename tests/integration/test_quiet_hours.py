"""In quiet hours nobody is disturbed: what can wait waits, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from app.storage.tables import tasks
from tests import twilio_house
from tests.engine import Engine, open_engine
from tests.house import rows
from tests.nights import AT_NIGHT, DORA, book, house, madrid
from tests.reminding import DAY, cancel, move
from tests.simulator import Simulator


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with house(tmp_path) as opened:
        yield opened


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


def test_what_was_said_at_night_reaches_twilio_in_the_morning_once_each(
    engine: Engine,
) -> None:
    with Simulator(fsync=False) as simulator:
        twilio = twilio_house.provider_at(simulator.http)
        carriers = {**engine.courier.providers, Channel.SMS: (twilio,)}
        sending = engine.with_courier(replace(engine.courier, providers=carriers))
        for number in range(3):
            engine.message("See you", recipient=f"+3461234567{number}")
        sending.work()
        at_night = simulator.ledger()

        engine.clock.now = madrid("2027-06-02T08:00")
        sending.work()

        sent = [entry["recipient"] for entry in simulator.ledger()]
        twilio.close()

    assert at_night == []
    assert sorted(sent) == [f"+3461234567{number}" for number in range(3)]


def test_a_retry_of_the_night_waits_and_holds_back_nothing_that_must_be_known(
    engine: Engine,
) -> None:
    booking = book(engine, madrid("2027-06-02T10:00"))
    engine.clock.now = madrid("2027-06-01T20:59:30")
    engine.provider.script.append(Outcome(result=Result.TRANSIENT, reason="busy"))
    message = engine.message("Hello", recipient=DORA.phone)
    engine.work()
    engine.clock.now = madrid("2027-06-01T21:05")
    engine.work()

    row = engine.row(message)
    assert (row["attempts"], row["quick_tries"]) == (1, 1)
    assert row["reason"] == "Waits for 08:00, the end of quiet hours."

    engine.clock.now = madrid("2027-06-01T22:00")
    cancel(engine, booking)
    engine.work()

    assert only(engine, "booking_cancelled")["status"] == "sent"


def test_what_a_crowd_was_to_hear_at_night_leaves_at_the_usual_pace(
    tmp_path: Path,
) -> None:
    night = madrid("2027-06-01T22:30")
    zone = {"BELLHOP_TIMEZONE": "Europe/Madrid"}
    with open_engine(tmp_path, now=night, policy=AT_NIGHT, **zone) as engine:
        for number in range(40):
            engine.message(recipient=f"+346123456{number:02}")
        minutes = []

        engine.clock.now = madrid("2027-06-02T08:00")
        for _ in range(3):
            engine.work()
            minutes.append(len(engine.texts))
            engine.clock.advance(seconds=61)

    assert 0 < minutes[0] <= 10  # SMS a minute, unless an owner says more
    assert minutes[0] < minutes[1] <= 20
    assert minutes[1] < minutes[2] <= 30
