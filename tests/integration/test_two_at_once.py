"""Two transactions at the same moment on PostgreSQL, where both are open at once.

The first has done its deed and not committed when the second one begins. On SQLite the
second one waits at the door; here it goes in, and has to wait at the right row.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.domain.bookings import BookingStatus
from app.errors import ConflictError, PlaceTakenError
from app.runtime import Runtime
from app.services import (
    bookings,
    catalogue,
    idempotency,
    payments,
    reminders,
)
from app.services.bookings import Wish
from app.services.idempotency import Answer, Request
from app.storage import tables
from tests.engine import Engine
from tests.house import (
    ALICE,
    BOB,
    PRICE,
    count,
    in_days,
    make_booking,
    make_service,
    rows,
)
from tests.meanwhile import Deed, both
from tests.postgres import about_postgresql

pytestmark = about_postgresql


def test_the_last_place_is_booked_once(runtime: Runtime) -> None:
    service = make_service(runtime, capacity=1)
    wish = Wish(service_id=service.id, start=in_days(3), party_size=1, customer=ALICE)

    def book(tx: sa.Connection) -> object:
        return bookings.create(tx, runtime, wish, now=utc_now())

    _, late = both(runtime, book, book)

    assert isinstance(late, PlaceTakenError)
    assert count(runtime, tables.bookings) == 1


@pytest.mark.parametrize("pays_first", [True, False])
def test_a_place_whose_hold_runs_out_as_it_is_paid_is_not_sold_twice(
    runtime: Runtime,
    pays_first: bool,  # noqa: FBT001 - which of the two comes first
) -> None:
    service = make_service(runtime, capacity=1)
    held = make_booking(runtime, service, start=in_days(3))
    end = held.hold_expires_at
    assert end is not None
    wish = Wish(service_id=service.id, start=in_days(3), party_size=1, customer=BOB)

    def pay(tx: sa.Connection) -> object:
        booking = bookings.find(tx, held.id, lock=True)
        just_before = end - timedelta(milliseconds=1)
        return bookings.confirm(tx, runtime, booking, now=just_before)

    def book(tx: sa.Connection) -> object:
        just_after = end + timedelta(milliseconds=1)
        return bookings.create(tx, runtime, wish, now=just_after)

    _, late = both(runtime, *((pay, book) if pays_first else (book, pay)))

    assert isinstance(late, PlaceTakenError)


def test_nobody_moves_into_a_place_that_is_being_booked(runtime: Runtime) -> None:
    service = make_service(runtime, capacity=1)
    elsewhere = make_booking(runtime, service, start=in_days(5), confirmed=True)
    wish = Wish(service_id=service.id, start=in_days(3), party_size=1, customer=BOB)

    def move(tx: sa.Connection) -> object:
        booking = bookings.find(tx, elsewhere.id, lock=True)
        return bookings.reschedule(
            tx, runtime, booking, start=in_days(3), now=utc_now(), reason=""
        )

    _, late = both(
        runtime, lambda tx: bookings.create(tx, runtime, wish, now=utc_now()), move
    )

    assert isinstance(late, PlaceTakenError)


def pay(runtime: Runtime, booking_id: str) -> Deed:
    proof = payments.ManualProof(reference="till-17", amount=PRICE)

    def deed(tx: sa.Connection) -> object:
        booking = bookings.find(tx, booking_id, lock=True)
        return payments.verify_manual(tx, runtime, booking, proof, now=utc_now())

    return deed


def test_one_payment_told_twice_at_once_is_taken_once_and_not_refused(
    runtime: Runtime,
) -> None:
    booking = make_booking(runtime)

    _, again = both(runtime, pay(runtime, booking.id), pay(runtime, booking.id))

    assert again.status is BookingStatus.CONFIRMED
    assert count(runtime, tables.payments) == 1
    assert count(runtime, tables.notifications, channel="sms") == 1


def test_one_payment_for_two_bookings_at_once_pays_one(runtime: Runtime) -> None:
    one, other = make_booking(runtime), make_booking(runtime, customer=BOB)

    _, late = both(runtime, pay(runtime, one.id), pay(runtime, other.id))

    assert isinstance(late, ConflictError)
    assert count(runtime, tables.payments) == 1
    assert rows(runtime, tables.bookings, id=other.id)[0]["status"] == "pending_payment"


def test_a_repeated_request_waits_for_the_first_and_gets_its_answer(
    runtime: Runtime,
) -> None:
    request = Request(scope="me POST /bookings", key="1", body=b"{}")

    def ask(tx: sa.Connection) -> object:
        earlier = idempotency.earlier_answer(tx, request, now=utc_now())
        if earlier is None:
            idempotency.keep(tx, request, Answer(status=201, body="first"))
        return earlier

    first, again = both(runtime, ask, ask)

    assert first is None
    assert again == Answer(status=201, body="first")


def test_a_hold_that_is_being_paid_does_not_expire(runtime: Runtime) -> None:
    long_ago = utc_now() - timedelta(hours=1)
    booking = make_booking(runtime, now=long_ago)

    _, expired = both(
        runtime,
        pay(runtime, booking.id),
        lambda tx: bookings.expire_holds(tx, now=utc_now()),
    )

    assert expired == 0
    assert rows(runtime, tables.bookings)[0]["status"] == "confirmed"


def test_two_schedulers_plan_a_reminder_once_and_call_none_off(engine: Engine) -> None:
    booking = make_booking(engine.runtime, start=in_days(3), confirmed=True)
    two_hours_before = booking.start - timedelta(hours=2)

    def plan(tx: sa.Connection) -> int:
        return reminders.look_at(
            tx, engine.runtime, booking.id, {}, now=two_hours_before
        )

    first, second = both(engine.runtime, plan, plan)

    assert (first > 0, second) == (True, 0)
    planned = rows(engine.runtime, tables.tasks, kind="booking_reminder")
    assert {row["status"] for row in planned} == {"pending"}


def test_two_changes_of_a_service_at_once_both_stay(runtime: Runtime) -> None:
    service = make_service(runtime, name="Yoga", capacity=5)

    def change(**to: object) -> Deed:
        return lambda tx: catalogue.change(tx, service.id, to, now=utc_now())

    both(runtime, change(name="Pilates"), change(capacity=9))

    (row,) = rows(runtime, tables.services)
    assert (row["name"], row["capacity"]) == ("Pilates", 9)
