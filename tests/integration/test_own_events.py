"""Events: who subscribes gets a task, with the facts that its function asks for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.domain.bookings import Booking, BookingStatus
from app.domain.events import FACTS, Event
from app.errors import InvalidError
from app.services import bookings, payments
from app.services.payments import ManualProof
from app.storage.tables import tasks
from app.work import emit, task
from tests.house import PRICE, count, in_days, make_booking, perform
from tests.own import Shed, open_shed


@task(on="booking.*")
def note(event: str, booking_id: str, start: datetime, old_start: str = "") -> str:
    """Note what has happened."""
    return f"{event} {booking_id} {start.isoformat()}"


@task(on=("booking.paid", "order.*"))
def thank(event: str, reference: str = "", amount: int = 0) -> list[Any]:
    """Thank for money."""
    return [event, reference, amount]


@task(on="order.shipped")
def track(order: str) -> str:
    """Needs to know which one."""
    return order


@pytest.fixture(name="shed")
def shed_of_the_house(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path, (note, thank, track)) as shed:
        yield shed


def told(shed: Shed) -> list[str]:
    return [row["args"]["event"] for row in shed.all(note)]


def pay(shed: Shed, booking: Booking) -> None:
    proof = ManualProof(reference="till 7", amount=PRICE)
    perform(
        shed.runtime,
        lambda tx: payments.verify_manual(
            tx, shed.runtime, booking, proof, now=shed.clock.now
        ),
    )


def test_a_paid_booking_is_told_to_all_who_asked(shed: Shed) -> None:
    booking = make_booking(shed.runtime, start=in_days(3))

    pay(shed, booking)
    shed.work()

    assert told(shed) == ["booking.created", "booking.confirmed", "booking.paid"]
    (thanks,) = shed.all(thank)
    assert shed.row(thanks["id"])["result"] == [
        "booking.paid",
        booking.reference,
        4500,
    ]


def test_a_payment_that_is_proven_twice_is_told_once(shed: Shed) -> None:
    booking = make_booking(shed.runtime)

    pay(shed, booking)
    with shed.runtime.database.read() as tx:
        booking = bookings.find(tx, booking.id)
    pay(shed, booking)

    assert told(shed).count("booking.paid") == 1


@pytest.mark.parametrize(
    "to", [BookingStatus.COMPLETED, BookingStatus.NO_SHOW], ids=str
)
def test_how_an_appointment_went_is_told(shed: Shed, to: BookingStatus) -> None:
    booking = make_booking(shed.runtime, confirmed=True)
    later = shed.clock.advance(days=4)

    perform(
        shed.runtime,
        lambda tx: bookings.change_status(tx, shed.runtime, booking, to=to, now=later),
    )

    assert told(shed)[-1] == f"booking.{to}"


def test_moving_and_cancelling_are_told(shed: Shed) -> None:
    booking = make_booking(shed.runtime, confirmed=True)
    now, start = shed.clock.now, in_days(5)

    def deed(tx: Any) -> Booking:
        moved = bookings.reschedule(
            tx, shed.runtime, booking, start=start, now=now, reason=""
        )
        return bookings.cancel(tx, shed.runtime, moved, now=now, reason="")

    perform(shed.runtime, deed)
    shed.work()

    assert told(shed)[-2:] == ["booking.rescheduled", "booking.cancelled"]
    moved = shed.all(note)[-2]
    assert datetime.fromisoformat(moved["args"]["old_start"]) == booking.start
    result = shed.row(moved["id"])["result"]
    assert result == f"booking.rescheduled {booking.id} {start.isoformat()}"


def test_what_is_told_of_a_booking_holds_no_name_and_no_address(shed: Shed) -> None:
    make_booking(shed.runtime, confirmed=True)

    facts = {name for row in shed.all(note) for name in row["args"]}

    private = {"customer", "name", "email", "phone", "notes", "metadata"}
    assert not facts & private
    assert not private & set().union(*FACTS.values())


def test_an_event_that_is_rolled_back_was_never_told(shed: Shed) -> None:
    booking = make_booking(shed.runtime)
    before = told(shed)

    def deed(tx: Any) -> None:
        bookings.cancel(tx, shed.runtime, booking, now=shed.clock.now, reason="")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        perform(shed.runtime, deed)

    assert told(shed) == before


def test_events_of_ones_own_reach_their_tasks(shed: Shed) -> None:
    ids = emit("order.shipped", {"order": "7", "amount": 3, "colour": "red"})

    shed.work()

    results = [shed.row(task_id)["result"] for task_id in ids]
    assert results == [["order.shipped", "", 3], "7"]


def test_a_task_that_misses_a_fact_is_dead_and_says_so(shed: Shed) -> None:
    _, task_id = emit("order.shipped")

    shed.work()

    assert shed.status(task_id) == "dead"
    assert "args.order: is required" in shed.row(task_id)["reason"]


def test_an_event_that_nobody_asked_for_plans_nothing(shed: Shed) -> None:
    assert emit("weather.changed", {}) == []
    assert count(shed.runtime, tasks) == 0


@pytest.mark.parametrize("name", ["paid", "Order.Shipped", "order.*", ""])
def test_an_event_needs_a_name_of_two_parts(shed: Shed, name: str) -> None:
    with pytest.raises(InvalidError, match="not the name of an event"):
        emit(name)


def test_every_event_of_ours_has_its_facts() -> None:
    assert set(FACTS) == set(Event)
