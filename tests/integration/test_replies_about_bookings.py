"""YES, C and LATE: what a customer's word does to a booking, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.bookings import BookingStatus
from app.domain.recipients import Channel
from app.services import bookings
from app.storage import tables
from app.storage.tables import suppressions, tasks
from tests.door import open_door
from tests.engine import Engine
from tests.house import ALICE, count, make_booking, make_service, perform, rows
from tests.replying import (
    BOBS_PHONE,
    alerts,
    answers,
    book,
    found,
    topics,
    write,
)


def test_yes_notes_that_the_customer_will_come(engine: Engine) -> None:
    booking = book(engine)
    before = len(engine.texts)

    entry = write(engine.runtime, "Yes")
    engine.work()

    assert found(engine, booking).attendance_confirmed_at == engine.clock.now
    assert entry["booking_id"] == booking.id
    assert engine.texts[before:] == [
        "My Business: Thank you, we expect you. Yoga, Thu, Jan 21 at 9:00 AM."
    ]


def test_the_booking_tells_that_its_customer_will_come(engine: Engine) -> None:
    booking = book(engine)
    door = open_door(engine.runtime)
    before = door.get(f"/bookings/{booking.id}").json

    write(engine.runtime, "yes")
    after = door.get(f"/bookings/{booking.id}").json

    assert before["attendance_confirmed_at"] is None
    assert after["attendance_confirmed_at"] == "2027-01-18T09:00:00Z"


def test_yes_said_twice_is_answered_twice_and_noted_once(engine: Engine) -> None:
    booking = book(engine)
    write(engine.runtime, "yes")
    first = found(engine, booking)
    engine.clock.advance(hours=1)

    write(engine.runtime, "yes")

    assert found(engine, booking) == first
    assert topics(engine.runtime) == ["coming", "coming"]


def test_a_move_forgets_that_the_customer_would_come(engine: Engine) -> None:
    booking = book(engine)
    write(engine.runtime, "yes")
    moved_to = booking.start + timedelta(days=1)

    perform(
        engine.runtime,
        lambda tx: bookings.reschedule(
            tx,
            engine.runtime,
            bookings.find(tx, booking.id),
            start=moved_to,
            now=engine.clock.now,
            reason="",
        ),
    )

    assert found(engine, booking).attendance_confirmed_at is None


def test_c_cancels_and_the_usual_message_is_the_only_answer(engine: Engine) -> None:
    booking = book(engine)

    entry = write(engine.runtime, "C")
    engine.work()

    assert found(engine, booking).status is BookingStatus.CANCELLED
    told = rows(engine.runtime, tasks, kind="booking_cancelled", queue="sms")
    assert [row["status"] for row in told] == ["sent"]
    assert answers(engine.runtime) == []
    assert entry["state"] == "answered"
    assert alerts(engine.runtime) == ["A customer cancelled a booking"]


def test_who_wants_e_mail_alone_is_still_answered_where_they_wrote(
    engine: Engine,
) -> None:
    by_mail = replace(ALICE, channels=frozenset({Channel.EMAIL}))
    book(engine, customer=by_mail)

    write(engine.runtime, "c")

    assert topics(engine.runtime) == ["cancelled"]


def test_a_second_c_is_told_that_it_was_cancelled_before(engine: Engine) -> None:
    book(engine)
    write(engine.runtime, "c")

    write(engine.runtime, "c")

    assert topics(engine.runtime) == ["cancelled_before"]
    assert count(engine.runtime, tasks, kind="booking_cancelled") == 3  # one a channel


@pytest.mark.parametrize("word", ["c", "yes"])
def test_what_has_begun_is_not_changed_and_that_is_said(
    engine: Engine, word: str
) -> None:
    booking = book(engine, days=1)
    engine.clock.advance(days=1, minutes=5)

    write(engine.runtime, word)

    assert found(engine, booking).status is BookingStatus.CONFIRMED
    assert topics(engine.runtime) == ["begun"]


def test_nobody_cancels_anothers_booking(engine: Engine) -> None:
    booking = book(engine)

    write(engine.runtime, f"C {booking.reference}", sender=BOBS_PHONE)

    assert found(engine, booking).status is BookingStatus.CONFIRMED
    assert answers(engine.runtime) == []
    assert alerts(engine.runtime) == ["A customer wrote"]


def test_a_word_without_any_booking_is_told_so_and_read_by_a_person(
    engine: Engine,
) -> None:
    entry = write(engine.runtime, "c")

    assert topics(engine.runtime) == ["no_booking"]
    assert entry["state"] == "open"
    assert alerts(engine.runtime) == [
        "A customer wrote about a booking that was not found"
    ]


def test_of_several_bookings_the_customer_is_asked_and_answers(
    engine: Engine,
) -> None:
    service = make_service(engine.runtime)
    first = book(engine, days=3, service=service)
    second = book(engine, days=5, service=service)
    before = len(engine.texts)

    asked = write(engine.runtime, "c")
    engine.work()
    write(engine.runtime, f"c {second.reference.lower()}")

    (question,) = engine.texts[before:]
    assert first.reference in question
    assert second.reference in question
    assert asked["state"] == "open"
    assert found(engine, first).status is BookingStatus.CONFIRMED
    assert found(engine, second).status is BookingStatus.CANCELLED


def test_of_several_bookings_that_one_is_meant_of_which_we_wrote_lately(
    engine: Engine,
) -> None:
    service = make_service(engine.runtime)
    first = book(engine, days=9, service=service)
    engine.clock.advance(days=3)
    second = book(engine, days=30, service=service)

    write(engine.runtime, "yes")

    assert found(engine, first).attendance_confirmed_at is None
    assert found(engine, second).attendance_confirmed_at == engine.clock.now


def test_late_is_told_to_the_staff(engine: Engine) -> None:
    booking = book(engine, days=0.1)

    entry = write(engine.runtime, "late 10")

    assert topics(engine.runtime) == ["late"]
    assert alerts(engine.runtime) == ["A customer will be late"]
    (alert,) = rows(engine.runtime, tasks, kind="staff_alert")
    assert "Alice wrote: late 10" in alert["args"]["text"]
    assert booking.reference in alert["args"]["text"]
    assert (entry["state"], entry["booking_id"]) == ("open", booking.id)


def test_late_for_what_goes_on_already_counts_too(engine: Engine) -> None:
    book(engine, days=1)
    engine.clock.advance(days=1, minutes=5)

    write(engine.runtime, "late")

    assert topics(engine.runtime) == ["late"]


def test_late_for_what_is_days_ahead_is_for_a_person_to_understand(
    engine: Engine,
) -> None:
    book(engine, days=8)

    entry = write(engine.runtime, "late")

    assert answers(engine.runtime) == []
    assert entry["state"] == "open"
    assert alerts(engine.runtime) == [
        "A customer wrote about a booking that was not found"
    ]


@pytest.mark.parametrize("text", ["Yes perfect", "c K7M2QXR"])
def test_what_is_no_reference_of_theirs_makes_it_a_sentence_for_a_person(
    engine: Engine, text: str
) -> None:
    booking = book(engine)

    entry = write(engine.runtime, text)

    assert (entry["state"], entry["meaning"]) == ("open", "")
    assert answers(engine.runtime) == []
    assert found(engine, booking).revision == booking.revision


def test_cancel_by_sms_ends_messages_and_asks_the_staff_about_the_booking(
    engine: Engine,
) -> None:
    booking = book(engine)

    entry = write(engine.runtime, "CANCEL")

    assert count(engine.runtime, suppressions, channel="sms") == 1
    assert found(engine, booking).status is BookingStatus.CONFIRMED
    assert entry["state"] == "open"
    assert alerts(engine.runtime) == [
        "A customer opted out, and may have meant a booking"
    ]


def test_cancel_by_whatsapp_cancels_the_booking(engine: Engine) -> None:
    booking = book(engine)

    write(engine.runtime, "cancel", channel=Channel.WHATSAPP, provider="meta")

    assert found(engine, booking).status is BookingStatus.CANCELLED
    assert count(engine.runtime, suppressions) == 0


def test_a_button_counts_as_the_word_that_it_stands_for(engine: Engine) -> None:
    booking = book(engine)

    write(
        engine.runtime,
        "I'll be there",
        payload="confirm",
        channel=Channel.WHATSAPP,
        provider="meta",
    )

    assert found(engine, booking).attendance_confirmed_at == engine.clock.now


def test_a_reply_about_an_unpaid_booking_is_left_to_the_staff(
    engine: Engine,
) -> None:
    booking = make_booking(engine.runtime)

    entry = write(engine.runtime, f"c {booking.reference}")

    assert entry["state"] == "open"
    assert count(engine.runtime, tables.bookings, status="pending_payment") == 1
