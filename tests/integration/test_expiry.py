"""What comes too late: unpaid holds, useless messages; and what is tried once more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.outcomes import Outcome, Result
from app.domain.tasks import CANCELLABLE, FINISHED, Status
from app.services import recovery
from app.storage.tables import bookings as booking_rows
from app.storage.tables import tasks
from tests.engine import Engine
from tests.house import ALICE, BOB, change_row, count, make_booking, make_service, rows

#: How long an unpaid booking holds its places.
HOLD = timedelta(minutes=15)
TRANSIENT = Outcome(result=Result.TRANSIENT, reason="busy")


def booking_status(engine: Engine, booking_id: str) -> str:
    (row,) = rows(engine.runtime, booking_rows, id=booking_id)
    return str(row["status"])


def test_an_unpaid_hold_expires_after_a_quarter_of_an_hour(engine: Engine) -> None:
    held = make_booking(engine.runtime)

    engine.clock.advance(minutes=15, milliseconds=-1)
    recovery.expire(engine.runtime)
    assert booking_status(engine, held.id) == "pending_payment"

    engine.clock.advance(milliseconds=1)
    recovery.expire(engine.runtime)
    assert booking_status(engine, held.id) == "expired"


def test_an_expired_hold_tells_nobody(engine: Engine) -> None:
    # Whoever left the form half done may have typed a stranger's number.
    make_booking(engine.runtime)

    engine.clock.now += HOLD
    recovery.expire(engine.runtime)

    assert rows(engine.runtime, tasks) == []


def test_the_place_of_an_expired_hold_is_free_even_before_the_job_has_run(
    engine: Engine,
) -> None:
    single = make_service(engine.runtime, capacity=1)
    make_booking(engine.runtime, single, customer=ALICE)

    engine.clock.now += HOLD
    bobs = make_booking(engine.runtime, single, customer=BOB)
    recovery.expire(engine.runtime)

    assert booking_status(engine, bobs.id) == "pending_payment"


def test_a_confirmed_booking_never_expires(engine: Engine) -> None:
    booking = make_booking(engine.runtime, confirmed=True)

    engine.clock.advance(days=1)
    recovery.expire(engine.runtime)

    assert booking_status(engine, booking.id) == "confirmed"


def test_more_holds_than_go_into_one_transaction_all_expire(engine: Engine) -> None:
    many = recovery.HOLDS_AT_ONCE + 5
    class_of_many = make_service(engine.runtime, capacity=many)
    for _ in range(many):
        make_booking(engine.runtime, class_of_many)

    engine.clock.now += HOLD

    assert recovery.expire(engine.runtime) == many
    assert recovery.expire(engine.runtime) == 0
    assert count(engine.runtime, booking_rows, status="expired") == many


@pytest.mark.parametrize("status", sorted(CANCELLABLE))
def test_an_unsent_message_expires_when_it_is_no_longer_useful(
    engine: Engine, status: Status
) -> None:
    until = engine.clock.now + timedelta(hours=1)
    message = engine.message(useful_until=until)
    engine.put_into(message, status, next_attempt_at=until + timedelta(hours=1))

    engine.clock.now = until - timedelta(milliseconds=1)
    recovery.expire(engine.runtime)
    assert engine.status(message) == status

    engine.clock.now = until
    recovery.expire(engine.runtime)
    row = engine.row(message)
    assert row["status"] == "expired"
    assert row["reason"] == "It would come too late to be useful."
    assert row["finished_at"] == until


def test_an_expired_message_remembers_why_it_had_not_been_sent(engine: Engine) -> None:
    engine.provider.script.append(TRANSIENT)
    message = engine.queued()
    engine.answer_doorbells()

    engine.clock.advance(days=1)
    recovery.expire(engine.runtime)

    assert engine.row(message)["reason"] == (
        "It would come too late to be useful. Before that: busy"
    )


@pytest.mark.parametrize(
    "status", sorted({Status.SENDING, Status.UNKNOWN, *FINISHED} - {Status.EXPIRED})
)
def test_what_may_have_been_sent_or_is_finished_does_not_expire(
    engine: Engine, status: Status
) -> None:
    message = engine.message(useful_until=engine.clock.now + timedelta(hours=1))
    engine.put_into(message, status)

    engine.clock.advance(hours=1)
    recovery.expire(engine.runtime)

    assert engine.status(message) == status


def test_a_failed_message_is_taken_along_when_it_falls_due_before_the_next_round(
    engine: Engine,
) -> None:
    # The job runs every 5 minutes: what is due within 2.5 would wait 2.5 more.
    now = engine.clock.now
    soon, later = [failed(engine, f"+1415556000{n}") for n in range(2)]
    for message, seconds in ((soon, 150), (later, 151)):
        due = now + timedelta(seconds=seconds)
        change_row(engine.runtime, tasks, message, next_attempt_at=due)

    assert recovery.retry_failed(engine.runtime) == 1
    engine.clock.advance(seconds=150)
    engine.work()

    assert engine.status(soon) == "sent"
    assert engine.status(later) == "failed"


def test_a_failed_message_that_is_taken_along_leaves_when_its_provider_wants_it(
    engine: Engine,
) -> None:
    # The job comes 120 s before the 10 minutes are over.
    busy = Outcome(result=Result.TRANSIENT, retry_after=timedelta(minutes=10))
    message = failed(engine)
    engine.provider.script.append(busy)
    recovery.retry_failed(engine.runtime)
    engine.answer_doorbells()
    assert engine.status(message) == "failed"

    engine.clock.advance(minutes=8)
    assert recovery.retry_failed(engine.runtime) == 1
    engine.work()
    engine.clock.advance(seconds=119)
    engine.work()
    assert engine.status(message) == "retrying"
    engine.clock.advance(seconds=1)
    engine.work()

    assert engine.status(message) == "sent"


def test_a_failed_message_that_would_come_too_late_is_not_tried_again(
    engine: Engine,
) -> None:
    message = failed(engine, useful_until=engine.clock.now + timedelta(minutes=5))

    engine.clock.advance(minutes=5)

    assert recovery.retry_failed(engine.runtime) == 0
    recovery.expire(engine.runtime)
    assert engine.status(message) == "expired"


def test_running_a_round_twice_tries_once(engine: Engine) -> None:
    failed(engine)

    assert recovery.retry_failed(engine.runtime) == 1
    assert recovery.retry_failed(engine.runtime) == 0
    engine.answer_doorbells()

    assert len(engine.provider.handed) == 1


def failed(engine: Engine, recipient: str = "+14155550100", **plan: object) -> str:
    message = engine.message(recipient=recipient, **plan)
    engine.put_into(message, Status.FAILED, quick_tries=4)
    return message
