"""The time that a message tells of is the one that its customer knows, or none."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from app.domain.bookings import Booking
from app.domain.outcomes import Outcome, Result
from app.services.climbing import climb_ladders
from app.storage.tables import tasks
from tests.changing import cancel_booking, move
from tests.engine import UNLIMITED, Engine, open_engine
from tests.house import ALICE, make_booking, rows
from tests.integration.test_facts_in_order import TRANSIENT, booking, everywhere, told

__all__ = ["booking"]

CUT = Outcome(result=Result.AMBIGUOUS, reason="the line was cut")
#: At the hour at which the engine's clock stands.
AT_NIGHT = f'{UNLIMITED}\n[quiet_hours]\nhours = "06:00-14:00"\n'
LADDER = f'{UNLIMITED}\n[kinds.booking_rescheduled]\nladder = ["whatsapp", "sms"]\n'


def clock(booking: Booking, *, hours: int) -> str:
    """Return how a message begins the time so many hours after the booking's start."""
    start = booking.start + timedelta(hours=hours)
    return f" {start.hour % 12 or 12}:{start:%M}"


def test_a_move_tells_the_time_that_was_told_before_and_none_that_never_left(
    engine: Engine, booking: Booking
) -> None:
    engine.work()
    move(engine, booking, hours=3)
    move(engine, booking, hours=3)
    engine.provider.handed.clear()

    engine.work()

    for text in engine.texts:
        assert clock(booking, hours=6) in text
        assert clock(booking, hours=0) in text
        assert clock(booking, hours=3) not in text


def test_a_booking_that_is_moved_back_before_anybody_heard_of_it_has_no_news(
    engine: Engine, booking: Booking
) -> None:
    engine.work()
    engine.provider.handed.clear()
    move(engine, booking, hours=3)
    move(engine, booking, hours=-3)

    engine.work()

    assert told(engine) == everywhere()
    moves = rows(engine.runtime, tasks, kind="booking_rescheduled")
    assert {(row["status"], row["reason"]) for row in moves} == {
        ("superseded", "The booking is back at the time that was told before.")
    }


def test_a_confirmation_leaves_alone_where_the_booking_was_moved_and_back(
    engine: Engine, booking: Booking
) -> None:
    move(engine, booking, hours=3)
    move(engine, booking, hours=-3)

    engine.work()

    assert told(engine) == everywhere("booking_confirmed")


def test_a_cancellation_tells_the_time_that_was_told_before(
    engine: Engine, booking: Booking
) -> None:
    engine.work()
    engine.provider.handed.clear()
    move(engine, booking, hours=3)
    cancel_booking(engine, booking)

    engine.work()

    assert told(engine) == everywhere("booking_cancelled")
    for text in engine.texts:
        assert clock(booking, hours=0) in text
        assert clock(booking, hours=3) not in text


def test_a_move_that_may_have_left_counts_as_told(
    engine: Engine, booking: Booking
) -> None:
    engine.work()
    engine.provider.script += [CUT] * 3
    move(engine, booking, hours=3)
    engine.work()
    move(engine, booking, hours=-3)

    moves = rows(engine.runtime, tasks, kind="booking_rescheduled", status="pending")

    moved = booking.start + timedelta(hours=3)
    assert [row["args"]["old_start"] for row in moves] == [moved.isoformat()] * 3


def test_a_move_that_was_refused_counts_as_never_told(
    engine: Engine, booking: Booking
) -> None:
    engine.work()
    engine.provider.script += [TRANSIENT] * 3
    move(engine, booking, hours=3)
    engine.work()
    engine.provider.handed.clear()
    cancel_booking(engine, booking)

    engine.work()

    assert told(engine) == everywhere("booking_cancelled")
    assert all(clock(booking, hours=0) in text for text in engine.texts)


def test_somebody_who_was_told_nothing_yet_hears_of_a_booking_that_moved_back(
    tmp_path: Path,
) -> None:
    # At night a confirmation leaves and a move waits: when it is tried again the
    # confirmation tells an old time, and is given up.
    with open_engine(tmp_path, policy=AT_NIGHT) as engine:
        booking = make_booking(engine.runtime, customer=ALICE, confirmed=True)
        engine.provider.script += [TRANSIENT] * 3
        engine.work()
        move(engine, booking, hours=3)
        engine.clock.advance(minutes=2)
        engine.work()
        move(engine, booking, hours=-3)
        engine.provider.handed.clear()

        engine.clock.advance(hours=6)
        engine.work()

        assert told(engine) == everywhere("booking_rescheduled")


def test_a_ladder_tells_nothing_of_a_move_that_no_rung_of_it_told(
    tmp_path: Path,
) -> None:
    with open_engine(tmp_path, policy=LADDER) as engine:
        booking = make_booking(engine.runtime, customer=ALICE, confirmed=True)
        engine.work()
        move(engine, booking, hours=3)
        engine.clock.advance(minutes=15)
        climb_ladders(engine.runtime)
        move(engine, booking, hours=-3)

        moves = rows(engine.runtime, tasks, kind="booking_rescheduled")

    assert {row["status"] for row in moves} == {"superseded"}
