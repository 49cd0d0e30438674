"""What e-mails bring besides words, as they leave: calendars, threads, ways out."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.channels.base import Message
from app.domain.bookings import Booking, Customer
from app.domain.kinds import Kind
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from app.services import bookings
from app.services.facts import SITE_DATA
from app.services.opening import open_courier
from app.services.planning import plan_for_booking
from app.storage.tables import tasks
from tests.calendars import read_calendar
from tests.engine import UNLIMITED, Engine, open_engine
from tests.house import ALICE, make_booking, perform

BY_EMAIL = Customer(name="Alice", email="alice@example.org")
POLICY = f"""{UNLIMITED}
[email]
reply_to = "hello@salon.example"
unsubscribe_to = "unsubscribe@salon.example"
"""
HOUSE = {
    "BELLHOP_PUBLIC_URL": "https://salon.example",
    "BELLHOP_BUSINESS_NAME": "Salon Rosa",
    "BELLHOP_TIMEZONE": "Europe/Madrid",
    "DEFAULT_FROM_EMAIL": "Salon Rosa <rosa@salon.example>",
    "EMAIL_PROVIDERS": "preview",
    "BELLHOP_PREVIEW": "1",
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with open_engine(tmp_path, policy=POLICY, **HOUSE) as made:
        yield made


def booked(engine: Engine, customer: Customer = BY_EMAIL) -> Booking:
    booking = make_booking(
        engine.runtime, customer=customer, now=engine.clock.now, confirmed=True
    )
    engine.work()
    return booking


def change(
    engine: Engine, deed: Callable[[sa.Connection, Booking], object], booking: Booking
) -> None:
    """Do a deed on the booking as it is now, and let its messages leave."""
    perform(
        engine.runtime,
        lambda tx: deed(tx, bookings.find(tx, booking.id, lock=True)),
    )
    engine.work()


def move(engine: Engine, booking: Booking) -> None:
    start = booking.start + timedelta(days=1)
    change(
        engine,
        lambda tx, b: bookings.reschedule(
            tx, engine.runtime, b, start=start, now=engine.clock.now, reason=""
        ),
        booking,
    )


def cancel(engine: Engine, booking: Booking) -> None:
    change(
        engine,
        lambda tx, b: bookings.cancel(
            tx, engine.runtime, b, now=engine.clock.now, reason=""
        ),
        booking,
    )


def remind(engine: Engine, booking: Booking) -> None:
    change(
        engine,
        lambda tx, b: plan_for_booking(
            tx, engine.runtime, b, kind=Kind.BOOKING_REMINDER, now=engine.clock.now
        ),
        booking,
    )


def last(engine: Engine) -> Message:
    return engine.provider.handed[-1]


def calendar(message: Message) -> Any:
    assert message.invite is not None
    made = read_calendar(message.invite.content)
    assert made.method.value == message.invite.method
    return made


def test_a_confirmation_puts_the_booking_into_the_calendar(engine: Engine) -> None:
    booking = booked(engine)

    made = calendar(last(engine))

    assert made.method.value == "REQUEST"
    assert made.vevent.summary.value == "Yoga – Salon Rosa"  # noqa: RUF001 - a dash
    assert made.vevent.dtstart.value == booking.start
    assert made.vevent.organizer.value == "mailto:rosa@salon.example"
    assert made.vevent.attendee.value == "mailto:alice@example.org"
    assert made.vevent.url.value.startswith("https://salon.example/b/")


def test_a_move_and_a_cancellation_change_the_same_entry(engine: Engine) -> None:
    booking = booked(engine)
    first = calendar(last(engine)).vevent
    move(engine, booking)
    moved = calendar(last(engine)).vevent
    cancel(engine, booking)
    cancelled = calendar(last(engine))

    assert first.uid.value == moved.uid.value == cancelled.vevent.uid.value
    assert [
        int(event.sequence.value) for event in (first, moved, cancelled.vevent)
    ] == [1, 2, 3]
    assert moved.dtstart.value == booking.start + timedelta(days=1)
    assert cancelled.method.value == "CANCEL"
    assert cancelled.vevent.status.value == "CANCELLED"


def test_a_repetition_is_the_same_to_the_last_byte(engine: Engine) -> None:
    busy = Outcome(result=Result.TRANSIENT, reason="busy", code="429")
    engine.provider.script.append(busy)
    booked(engine)
    engine.clock.advance(minutes=5)

    engine.work()

    first, second = engine.provider.handed
    assert first.invite is not None
    assert first == second


def test_a_reminder_leaves_calendars_alone(engine: Engine) -> None:
    booking = booked(engine)

    remind(engine, booking)

    assert last(engine).invite is None


def test_what_was_never_confirmed_is_taken_out_of_no_calendar(engine: Engine) -> None:
    booking = make_booking(engine.runtime, customer=BY_EMAIL, now=engine.clock.now)

    cancel(engine, booking)

    assert last(engine).subject.startswith("Cancelled")
    assert last(engine).invite is None


def test_a_site_that_keeps_its_own_bookings_keeps_its_own_calendars(
    engine: Engine,
) -> None:
    start = (engine.clock.now + timedelta(days=1)).isoformat()
    engine.message(
        kind=Kind.BOOKING_CONFIRMED,
        channel=Channel.EMAIL,
        recipient="alice@example.org",
        args={SITE_DATA: {"service_name": "Yoga", "start": start}},
    )

    engine.work()

    assert last(engine).invite is None
    assert last(engine).follows == ""


def test_later_e_mails_stand_under_the_confirmation(engine: Engine) -> None:
    booking = booked(engine)
    confirmation = last(engine).key

    remind(engine, booking)
    cancel(engine, booking)

    reminder, cancellation = engine.provider.handed[1:]
    assert reminder.follows == cancellation.follows == confirmation


def test_they_do_so_when_the_confirmation_is_long_deleted(engine: Engine) -> None:
    booking = booked(engine)
    confirmation = last(engine).key
    with engine.runtime.database.write() as tx:
        tx.execute(sa.delete(tasks))

    cancel(engine, booking)

    assert last(engine).follows == confirmation


def test_reminders_tell_how_to_opt_out_in_header_and_words(engine: Engine) -> None:
    booking = booked(engine)

    remind(engine, booking)

    message = last(engine)
    assert message.unsubscribe_url.startswith("https://salon.example/u/")
    assert message.unsubscribe_to == "unsubscribe@salon.example"
    assert message.unsubscribe_url in message.text
    assert message.unsubscribe_url in message.html


def test_what_must_be_known_offers_no_way_out(engine: Engine) -> None:
    booking = booked(engine)
    cancel(engine, booking)

    for message in engine.provider.handed:
        assert message.unsubscribe_url == message.unsubscribe_to == ""
        assert "/u/" not in message.text + message.html


def test_answers_go_where_the_business_reads_them(engine: Engine) -> None:
    booked(engine)

    assert last(engine).reply_to == "hello@salon.example"


def test_what_is_for_mailboxes_alone_is_not_made_for_phones(engine: Engine) -> None:
    booked(engine, ALICE)

    by_phone = [m for m in engine.provider.handed if m.channel is not Channel.EMAIL]
    assert len(by_phone) == 2
    for message in by_phone:
        assert message.invite is None
        assert message.follows == message.reply_to == message.unsubscribe_url == ""


def test_the_previewed_file_shows_all_of_it(engine: Engine) -> None:
    boot_id, worker = engine.presence.boot_id, engine.courier.worker
    real = open_courier(engine.runtime, boot_id=boot_id, worker=worker)
    engine = engine.with_courier(real)
    booking = booked(engine)

    remind(engine, booking)

    outbox = engine.runtime.settings.data_dir / "outbox"
    confirmation, reminder = (
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for file in sorted(outbox.glob("*.eml"))
    )
    assert confirmation["Reply-To"] == "hello@salon.example"
    assert [part.get_content_type() for part in confirmation.walk()][-2:] == [
        "text/calendar",
        "application/ics",
    ]
    assert reminder["In-Reply-To"] == confirmation["Message-ID"]
    assert reminder["List-Unsubscribe"].startswith("<https://salon.example/u/")
    assert reminder["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
