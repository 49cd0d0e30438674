"""`verify-payment`: what proves a payment, what does not, and nothing goes twice."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.clock import utc_now
from app.domain.bookings import Booking, BookingStatus
from app.domain.kinds import Kind
from app.services.keys import Scope
from app.storage.tables import bookings, payments, tasks
from tests.door import Door, assert_problem, open_door
from tests.house import (
    BOB,
    change_row,
    count,
    make_booking,
    make_runtime,
    make_service,
    nothing_saved,
    rows,
)
from tests.paying import SECRET, pay, proof

#: Published examples of Razorpay's signature (SDK tests, documentation).
VECTORS = {
    "sdk": (
        "key_secret",
        "fake_order_id",
        "fake_payment_id",
        "b2335e3b0801106b84a7faff035df56ecffde06918c9ddd1f0fafbb37a51cc89",
    ),
    "documentation": (
        "EnLs21M47BllR3X8PSFtjtbd",
        "order_IEIaMR65cu6nz3",
        "pay_IH4NVgf4Dreq1l",
        "0d4e745a1838664ad6c9c9902212a32d627d68e917290b0ad5f08ff4561bc50f",
    ),
}


@pytest.fixture(name="door")
def door_with_razorpay(tmp_path: Path) -> Iterator[Door]:
    with make_runtime(tmp_path, RAZORPAY_KEY_SECRET=SECRET) as runtime:
        yield open_door(runtime)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_razorpays_own_examples_confirm_a_booking(
    tmp_path: Path, vector: tuple[str, str, str, str]
) -> None:
    secret, order, payment, signature = vector
    with make_runtime(tmp_path / "other", RAZORPAY_KEY_SECRET=secret) as runtime:
        door = open_door(runtime).as_scope(Scope.SITE)
        booking = make_booking(runtime)

        answer = pay(door, booking, proof(order, payment, signature=signature))

        assert answer.status == 200
        assert answer.json["status"] == "confirmed"
        assert answer.json["payment"] == {
            "status": "paid",
            "provider": "razorpay",
            "reference": payment,
        }
        planned = rows(runtime, tasks)
        assert {task["kind"] for task in planned} == {Kind.BOOKING_CONFIRMED}
        assert len(planned) == 3


def test_a_signature_in_capitals_is_the_same_one(door: Door) -> None:
    capitals = proof()["signature"].upper()

    answer = pay(door, make_booking(door.runtime), proof(signature=capitals))

    assert answer.status == 200


def flipped(signature: str) -> str:
    return f"{int(signature, 16) ^ 1:064x}"


WRONG_SIGNATURES = {
    "one bit off": flipped(proof()["signature"]),
    "of the payment before the order": hmac.new(
        SECRET.encode(), b"pay_1|order_1", hashlib.sha256
    ).hexdigest(),
    "of another secret": hmac.new(
        b"other", b"order_1|pay_1", hashlib.sha256
    ).hexdigest(),
    "cut": proof()["signature"][:-1],
    "not ASCII": "\u00e9" * 64,
    "a letter that grows when lowered": "\u0130" * 64,
    "zeros": "0" * 64,
    "one letter": "x",
}


@pytest.mark.parametrize("signature", WRONG_SIGNATURES.values(), ids=WRONG_SIGNATURES)
def test_a_wrong_signature_is_400_and_changes_nothing(
    door: Door, signature: str
) -> None:
    booking = make_booking(door.runtime)

    with nothing_saved(door.runtime):
        answer = pay(door, booking, proof(signature=signature), Idempotency_Key="k")

    assert_problem(answer, 400)
    assert proof()["signature"] not in answer.text
    assert SECRET not in answer.text


def test_a_second_identical_call_is_200_and_tells_nobody_twice(door: Door) -> None:
    booking = make_booking(door.runtime)
    first = pay(door, booking, proof())

    with nothing_saved(door.runtime):
        second = pay(door, booking, proof())

    assert second.status == 200
    assert second.json == first.json
    assert count(door.runtime, tasks) == 3
    assert count(door.runtime, payments) == 1


def test_afterwards_another_order_is_400(door: Door) -> None:
    booking = make_booking(door.runtime)
    pay(door, booking, proof())

    with nothing_saved(door.runtime):
        answer = pay(door, booking, proof(order="order_2"))

    assert_problem(answer, 400)


def test_another_payment_of_a_paid_booking_is_409(door: Door) -> None:
    booking = make_booking(door.runtime)
    pay(door, booking, proof())

    with nothing_saved(door.runtime):
        answer = pay(door, booking, proof(payment="pay_2"))

    assert_problem(answer, 409)


def test_a_cheap_bookings_payment_cannot_confirm_a_dear_one(door: Door) -> None:
    cheap = make_booking(door.runtime)
    dear = make_booking(door.runtime, customer=BOB)
    pay(door, cheap, proof())

    with nothing_saved(door.runtime):
        answer = pay(door, dear, proof())

    assert_problem(answer, 409)
    assert "another booking" in answer.json["detail"]


def test_without_razorpay_set_up_its_payments_are_refused(tmp_path: Path) -> None:
    with make_runtime(tmp_path / "other") as runtime:
        booking = make_booking(runtime)
        with nothing_saved(runtime):
            answer = pay(open_door(runtime), booking, proof())

    assert_problem(answer, 422, "provider")
    assert "RAZORPAY_KEY_SECRET" in answer.bad_fields["provider"]


def test_a_payment_for_no_booking_is_404(door: Door) -> None:
    assert_problem(door.post("/bookings/none/verify-payment", proof()), 404)


@pytest.mark.parametrize(
    "status", [BookingStatus.EXPIRED, BookingStatus.PENDING_PAYMENT]
)
def test_a_payment_after_the_hold_confirms_while_the_place_is_free(
    door: Door, status: BookingStatus
) -> None:
    booking = booked_an_hour_ago(door)
    change_row(door.runtime, bookings, booking.id, status=status)

    answer = pay(door, booking, proof())

    assert answer.status == 200
    assert answer.json["status"] == "confirmed"
    assert answer.json["hold_expires_at"] is None
    assert {task["kind"] for task in rows(door.runtime, tasks)} == {
        Kind.BOOKING_CONFIRMED
    }


def test_a_payment_after_the_hold_cannot_take_somebodys_place(door: Door) -> None:
    late = booked_an_hour_ago(door)
    service = make_service(door.runtime)
    change_row(door.runtime, bookings, late.id, service_id=service.id)
    make_booking(door.runtime, service, customer=BOB, party_size=5, start=late.start)

    with nothing_saved(door.runtime):
        answer = pay(door, late, proof())

    assert_problem(answer, 409)
    assert answer.json["alternatives"]


def booked_an_hour_ago(door: Door) -> Booking:
    return make_booking(door.runtime, now=utc_now() - timedelta(hours=1))


def test_a_payment_of_a_confirmed_booking_is_told_as_such(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)

    answer = pay(door, booking, proof())
    pay(door, booking, proof())

    assert answer.json["status"] == "confirmed"
    assert answer.json["payment"]["status"] == "paid"
    told = rows(door.runtime, tasks, kind=Kind.PAYMENT_RECEIVED)
    assert len(told) == 3
    assert told[0]["args"]["price"] == {"amount": 4500, "currency": "EUR"}
    assert {row["queue"] for row in told} == {"high"}


@pytest.mark.parametrize(
    "status", [BookingStatus.CANCELLED, BookingStatus.COMPLETED, BookingStatus.NO_SHOW]
)
def test_a_payment_does_not_bring_a_closed_booking_back(
    door: Door, status: BookingStatus
) -> None:
    booking = make_booking(door.runtime)
    change_row(door.runtime, bookings, booking.id, status=status)

    with nothing_saved(door.runtime):
        answer = pay(door, booking, proof())

    assert_problem(answer, 409)
