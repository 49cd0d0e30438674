"""A customer's word at the same moment as a link, the staff or the same word again.

On PostgreSQL, where both transactions are open at once.
"""

from __future__ import annotations

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.bookings import BookingStatus
from app.runtime import Runtime
from app.services import bookings
from app.services.attendance import confirm_attendance
from app.services.replies import take_reply
from app.storage import tables
from tests.house import ALICE, count, make_booking, rows
from tests.meanwhile import Deed, both
from tests.postgres import about_postgresql
from tests.replying import answers, inbound, topics

pytestmark = about_postgresql


def takes(runtime: Runtime, text: str, **more: object) -> Deed:
    message = inbound(text, **more)
    return lambda tx: take_reply(tx, runtime, message, now=utc_now())


def cancels(runtime: Runtime, booking_id: str) -> Deed:
    def deed(tx: sa.Connection) -> object:
        booking = bookings.find(tx, booking_id, lock=True)
        return bookings.cancel(tx, runtime, booking, now=utc_now(), reason="ill")

    return deed


def test_who_cancels_just_after_the_staff_is_told_how_things_stand(
    runtime: Runtime,
) -> None:
    booking = make_booking(runtime, customer=ALICE, confirmed=True)

    both(runtime, cancels(runtime, booking.id), takes(runtime, "c"))

    assert topics(runtime) == ["cancelled_before"]
    told = rows(runtime, tables.tasks, kind="booking_cancelled", queue="sms")
    assert len(told) == 1


def test_a_customer_who_says_yes_while_the_booking_is_cancelled_is_not_expected(
    runtime: Runtime,
) -> None:
    booking = make_booking(runtime, customer=ALICE, confirmed=True)

    both(runtime, cancels(runtime, booking.id), takes(runtime, "yes"))

    assert topics(runtime) == ["cancelled_before"]


def test_a_word_and_a_click_at_once_confirm_once(runtime: Runtime) -> None:
    booking = make_booking(runtime, customer=ALICE, confirmed=True)

    def clicks(tx: sa.Connection) -> object:
        seen = bookings.find(tx, booking.id, lock=True)
        return confirm_attendance(tx, runtime, seen, now=utc_now())

    clicked, _ = both(runtime, clicks, takes(runtime, "yes"))

    (row,) = rows(runtime, tables.bookings, id=booking.id)
    assert row["status"] == BookingStatus.CONFIRMED
    assert row["attendance_confirmed_at"] == clicked.attendance_confirmed_at
    assert topics(runtime) == ["coming"]


def test_a_message_that_is_brought_twice_at_once_is_taken_once(
    runtime: Runtime,
) -> None:
    make_booking(runtime, customer=ALICE, confirmed=True)
    twice = takes(runtime, "yes")

    both(runtime, twice, twice)

    assert count(runtime, tables.inbox) == 1
    assert len(answers(runtime)) == 1


def test_two_opt_outs_at_once_leave_one_row(runtime: Runtime) -> None:
    both(runtime, takes(runtime, "stop"), takes(runtime, "baja"))

    assert count(runtime, tables.suppressions) == 1
    assert count(runtime, tables.consents) == 2
