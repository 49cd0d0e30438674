"""Planning: one message a channel, in the transaction of the fact that it tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.bookings import Booking, Customer
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.services import bookings, planning
from app.services.planning import CHANNEL_OFF
from app.storage.tables import notifications, tasks
from tests.engine import Engine, open_engine
from tests.house import ALICE, CHARLIE, make_booking, perform, rows

#: Real credentials for e-mail alone; nothing is sent here.
MAIL_ONLY = {
    "EMAIL_HOST": "smtp.example.com",
    "DEFAULT_FROM_EMAIL": "Rosa <rosa@example.com>",
}


def channels_told(engine: Engine, customer: Customer) -> set[str]:
    make_booking(engine.runtime, customer=customer, confirmed=True)
    return {row["channel"] for row in rows(engine.runtime, notifications)}


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        (ALICE, {"sms", "whatsapp", "email"}),
        (CHARLIE, {"email"}),
        (Customer(name="Dora", phone="+14155550199"), {"sms", "whatsapp"}),
        (Customer(name="Emil"), set()),
        (replace(ALICE, channels=frozenset({Channel.SMS})), {"sms"}),
        (replace(ALICE, channels=frozenset()), set()),
        (replace(CHARLIE, channels=frozenset({Channel.SMS})), set()),
    ],
)
def test_a_customer_is_told_on_every_channel_with_an_address_unless_said_otherwise(
    engine: Engine, customer: Customer, expected: set[str]
) -> None:
    assert channels_told(engine, customer) == expected


def test_the_owner_may_allow_a_kind_fewer_channels(tmp_path: Path) -> None:
    policy = '[kinds.booking_confirmed]\nchannels = ["email", "sms"]\n'
    (tmp_path / "bellhop.toml").write_text(policy, encoding="utf-8")
    with open_engine(tmp_path) as engine:
        assert channels_told(engine, ALICE) == {"email", "sms"}


def test_a_channel_without_credentials_is_suppressed_with_its_reason(
    tmp_path: Path,
) -> None:
    with open_engine(tmp_path, **MAIL_ONLY) as engine:
        make_booking(engine.runtime, customer=ALICE, confirmed=True)

        found = {row["queue"]: row for row in rows(engine.runtime, tasks)}

        assert {q: row["status"] for q, row in found.items()} == {
            "sms": "suppressed",
            "whatsapp": "suppressed",
            "email": "queued",
        }
        assert found["sms"]["reason"] == CHANNEL_OFF == "channel not configured"
        assert found["sms"]["finished_at"] == engine.clock.now
        assert found["sms"]["next_attempt_at"] is None


def test_preview_can_be_kept_beside_real_channels(tmp_path: Path) -> None:
    with open_engine(tmp_path, BELLHOP_PREVIEW="1", **MAIL_ONLY) as engine:
        make_booking(engine.runtime, customer=ALICE, confirmed=True)

        engine.work()

        assert {row["status"] for row in rows(engine.runtime, tasks)} == {"sent"}


def test_a_message_is_useful_until_the_appointment_begins(engine: Engine) -> None:
    booking = make_booking(engine.runtime, confirmed=True)

    assert {row["useful_until"] for row in rows(engine.runtime, tasks)} == {
        booking.start
    }


def test_what_is_said_after_the_appointment_has_begun_is_useful_for_a_day(
    engine: Engine,
) -> None:
    booking = make_booking(engine.runtime, customer=CHARLIE, confirmed=True)
    engine.clock.now = booking.start

    no_show(engine, booking)

    (told,) = rows(engine.runtime, tasks, kind="booking_status_changed")
    assert told["useful_until"] == booking.start + timedelta(hours=24)


def test_a_message_about_no_appointment_is_useful_for_a_day_from_when_it_is_due(
    engine: Engine,
) -> None:
    due = engine.clock.now + timedelta(days=3)

    message = engine.message(due_at=due)

    row = engine.row(message)
    assert row["useful_until"] == due + timedelta(hours=24)
    assert row["next_attempt_at"] == row["due_at"] == due


def test_the_same_fact_is_planned_once(engine: Engine) -> None:
    booking = make_booking(engine.runtime, customer=CHARLIE, confirmed=True)
    now = engine.clock.now

    again = perform(
        engine.runtime,
        lambda tx: planning.plan_for_booking(
            tx,
            engine.runtime,
            bookings.find(tx, booking.id),
            kind=Kind.BOOKING_CONFIRMED,
            now=now,
        ),
    )

    assert again == []
    assert len(rows(engine.runtime, tasks)) == 1


def test_a_deed_that_fails_plans_nothing(engine: Engine) -> None:
    booking = make_booking(engine.runtime, customer=CHARLIE)
    now = engine.clock.now

    def confirm_and_fail(tx: object) -> None:
        bookings.confirm(
            tx,  # type: ignore[arg-type]
            engine.runtime,
            bookings.find(tx, booking.id),  # type: ignore[arg-type]
            now=now,
        )
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        perform(engine.runtime, confirm_and_fail)

    assert rows(engine.runtime, tasks) == []
    assert engine.doorbell.rings == []


def test_a_cancellation_calls_off_what_was_not_sent_and_is_sent_itself(
    engine: Engine,
) -> None:
    booking = make_booking(engine.runtime, customer=CHARLIE, confirmed=True)

    cancel(engine, booking)
    engine.work()

    found = {row["kind"]: row for row in rows(engine.runtime, tasks)}
    assert found["booking_confirmed"]["status"] == "cancelled"
    assert found["booking_confirmed"]["reason"] == "The booking was cancelled."
    assert found["booking_cancelled"]["status"] == "sent"
    assert len(engine.provider.handed) == 1


def test_a_cancellation_leaves_what_was_sent_as_it_is(engine: Engine) -> None:
    booking = make_booking(engine.runtime, customer=CHARLIE, confirmed=True)
    engine.work()

    cancel(engine, booking)
    engine.work()

    assert {row["status"] for row in rows(engine.runtime, tasks)} == {"sent"}


def test_another_bookings_messages_are_left_alone(engine: Engine) -> None:
    first = make_booking(engine.runtime, customer=CHARLIE, confirmed=True)
    second = make_booking(engine.runtime, customer=CHARLIE, confirmed=True)

    cancel(engine, first)
    engine.work()

    (told,) = rows(
        engine.runtime, tasks, booking_id=second.id, kind="booking_confirmed"
    )
    assert told["status"] == "sent"


def no_show(engine: Engine, booking: Booking) -> None:
    now = engine.clock.now
    perform(
        engine.runtime,
        lambda tx: bookings.change_status(
            tx,
            engine.runtime,
            bookings.find(tx, booking.id),
            to=bookings.BookingStatus.NO_SHOW,
            now=now,
        ),
    )


def cancel(engine: Engine, booking: Booking) -> None:
    now = engine.clock.now
    perform(
        engine.runtime,
        lambda tx: bookings.cancel(
            tx, engine.runtime, bookings.find(tx, booking.id), now=now, reason=""
        ),
    )
