"""Two transactions at the same moment on PostgreSQL, where both are open at once.

The first has done its deed and not committed when the second one begins. On SQLite the
second one waits at the door; here it goes in, and has to wait at the right row.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.bookings import BookingStatus
from app.domain.tasks import Status
from app.errors import BellhopError, ConflictError, PlaceTakenError
from app.runtime import Runtime
from app.services import (
    bookings,
    catalogue,
    idempotency,
    notifications,
    payments,
    reminders,
)
from app.services.bookings import Wish
from app.services.idempotency import Answer, Request
from app.storage import cleaning, delivering, looking_up, recovering, tables
from app.storage import messages as message_store
from app.storage.delivering import Attempt
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
from tests.postgres import about_postgresql
from tests.waiting import wait_until

pytestmark = about_postgresql

Deed = Callable[[sa.Connection], Any]
_WAITERS = sa.text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def both(runtime: Runtime, first: Deed, second: Deed) -> tuple[Any, Any]:
    """Do the second deed while the first is done and not committed; return both.

    What a deed raises is returned in its place.
    """
    with ThreadPoolExecutor(1) as pool:
        with runtime.database.write() as tx:
            done = first(tx)
            other = pool.submit(in_own_transaction, runtime, second)
            wait_until(
                lambda: other.done() or someone_waits(runtime),
                within_s=10,
                what="the second is done, or waits for the first",
            )
        return done, outcome(other)


def in_own_transaction(runtime: Runtime, deed: Deed) -> Any:
    with runtime.database.write() as tx:
        return deed(tx)


def someone_waits(runtime: Runtime) -> bool:
    with runtime.database.read() as tx:
        return bool(tx.execute(_WAITERS).scalar_one())


def outcome(task: Future[Any]) -> Any:
    try:
        return task.result()
    except BellhopError as error:
        return error


def test_the_last_place_is_booked_once(runtime: Runtime) -> None:
    service = make_service(runtime, capacity=1)
    wish = Wish(service_id=service.id, start=in_days(3), party_size=1, customer=ALICE)

    def book(tx: sa.Connection) -> object:
        return bookings.create(tx, runtime, wish, now=utc_now())

    _, late = both(runtime, book, book)

    assert isinstance(late, PlaceTakenError)
    assert count(runtime, tables.bookings) == 1


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
    booking = make_booking(engine.runtime, start=in_days(1), confirmed=True)
    due = reminders._Due(booking_id=booking.id, occasion="120m before it")

    def plan(tx: sa.Connection) -> int:
        return reminders._plan(tx, engine.runtime, due, now=engine.clock.now)

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


def claim(engine: Engine, task_id: str) -> Deed:
    return lambda tx: delivering.claim(
        tx,
        task_id=task_id,
        seen_revision=None,
        boot_id=engine.presence.boot_id,
        token="token",
        attempt=Attempt(gate="sms", provider="fake", text="Hello"),
        now=engine.clock.now,
    )


def cancel(engine: Engine, task_id: str) -> Deed:
    return lambda tx: notifications.cancel(tx, task_id, now=engine.clock.now)


def test_of_two_workers_that_claim_at_once_one_gets_it(engine: Engine) -> None:
    message = engine.message()

    numbers = both(engine.runtime, claim(engine, message), claim(engine, message))

    assert numbers == (1, None)


def test_what_is_being_cancelled_is_not_claimed(engine: Engine) -> None:
    message = engine.message()

    _, number = both(engine.runtime, cancel(engine, message), claim(engine, message))

    assert number is None
    assert engine.status(message) == "cancelled"


def test_what_is_being_claimed_is_too_late_to_cancel(engine: Engine) -> None:
    message = engine.message()

    _, late = both(engine.runtime, claim(engine, message), cancel(engine, message))

    assert isinstance(late, ConflictError)
    assert engine.status(message) == "sending"


def test_of_two_look_ups_at_once_one_is_made(engine: Engine) -> None:
    message = engine.message()
    engine.put_into(message, Status.UNKNOWN)

    def look_up(tx: sa.Connection) -> bool:
        return looking_up.claim_look_up(
            tx,
            task_id=message,
            boot_id=engine.presence.boot_id,
            token="token",
            now=engine.clock.now,
            until=engine.clock.now + timedelta(seconds=60),
        )

    assert both(engine.runtime, look_up, look_up) == (True, False)


def test_a_take_over_leaves_what_is_being_recorded(engine: Engine) -> None:
    message = engine.message()
    in_own_transaction(engine.runtime, claim(engine, message))
    now = engine.clock.now

    def record(tx: sa.Connection) -> None:
        ended = {"ended_at": now, "outcome": "accepted", "code": "", "reason": ""}
        delivering.end_attempt(tx, task_id=message, number=1, ended=ended)
        to = {
            "status": "sent",
            "reason": "",
            "next_attempt_at": None,
            "rounds": 0,
            "resends": 0,
            "finished_at": now,
            "now": now,
        }
        assert delivering.settle(tx, task_id=message, token="token", to=to)

    def take_over(tx: sa.Connection) -> int:
        return recovering.make_unknown(
            tx,
            boot_id=engine.presence.boot_id,
            reason="dead",
            now=now,
            look_up_at=now,
        )

    _, taken = both(engine.runtime, record, take_over)

    assert taken == 0
    assert engine.status(message) == "sent"
    assert engine.attempts(message)[0]["outcome"] == "accepted"


def test_two_who_clean_up_at_once_count_each_message_once(engine: Engine) -> None:
    messages = [engine.message(recipient=f"+1415556{n:04}") for n in range(6)]
    for message in messages:
        engine.put_into(message, Status.SENT)
    later = engine.clock.now + timedelta(days=30)

    def clean(tx: sa.Connection) -> int:
        return cleaning.clean_batch(tx, finished_before=later, limit=4)

    assert both(engine.runtime, clean, clean) == (4, 2)
    counts = rows(engine.runtime, tables.daily_counts)
    assert sum(row["count"] for row in counts) == 6


def test_a_bulk_cancel_names_what_is_just_being_changed(engine: Engine) -> None:
    one = engine.message(recipient="+14155560001")
    other = engine.message(recipient="+14155560002")

    _, done = both(
        engine.runtime,
        claim(engine, one),
        lambda tx: notifications.cancel_all(
            tx, message_store.Filter(), now=engine.clock.now
        ),
    )

    assert (done.matched, done.done) == (2, 1)
    assert [skipped.id for skipped in done.skipped] == [one]
    assert engine.status(other) == "cancelled"
