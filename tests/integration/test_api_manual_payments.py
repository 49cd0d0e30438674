"""Payments that staff vouches for, and fields of payments that are not right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.services.keys import Scope
from app.storage.tables import tasks
from tests.door import Door, assert_problem, open_door
from tests.house import count, make_booking, make_runtime, make_service, nothing_saved
from tests.paying import SECRET, manual, pay, proof


@pytest.fixture(name="door")
def door_with_razorpay(tmp_path: Path) -> Iterator[Door]:
    with make_runtime(tmp_path, RAZORPAY_KEY_SECRET=SECRET) as runtime:
        yield open_door(runtime)


def test_staff_vouches_for_a_payment_with_an_admin_key(door: Door) -> None:
    booking = make_booking(door.runtime)

    answer = pay(door, booking, manual())
    again = pay(door, booking, manual())

    assert answer.json["status"] == "confirmed"
    assert answer.json["payment"] == {
        "status": "paid",
        "provider": "manual",
        "reference": "till-17",
    }
    assert again.status == 200
    assert count(door.runtime, tasks) == 3


@pytest.mark.parametrize("scope", [Scope.SITE, Scope.PUBLIC, Scope.METRICS])
def test_nobody_else_can_vouch_for_a_payment(door: Door, scope: Scope) -> None:
    booking = make_booking(door.runtime)
    other = door.as_scope(scope)

    with nothing_saved(door.runtime):
        answer = pay(other, booking, manual())

    assert_problem(answer, 403)


@pytest.mark.parametrize(
    "amount",
    [
        {"amount": 4499, "currency": "EUR"},
        {"amount": 4501, "currency": "EUR"},
        {"amount": 4500, "currency": "USD"},
        {"amount": 0, "currency": "EUR"},
    ],
    ids=str,
)
def test_a_wrong_amount_confirms_nothing(door: Door, amount: object) -> None:
    booking = make_booking(door.runtime)

    with nothing_saved(door.runtime):
        answer = pay(door, booking, {**manual(), "amount": amount})

    assert_problem(answer, 422, "amount")
    assert "4500 EUR" in answer.bad_fields["amount"]


BAD_FIELDS: list[tuple[str, dict[str, Any]]] = [
    ("provider", {}),
    ("provider", {"provider": "stripe"}),
    ("provider", {"provider": None}),
    ("provider", {"provider": ["razorpay"]}),
    ("order_id", proof(order_id="")),
    ("order_id", proof(order_id=7)),
    ("payment_id", proof(payment_id=None)),
    ("payment_id", proof(payment_id="pay\x00")),
    ("signature", proof(signature="x" * 201)),
    ("amount", proof(amount={"amount": 1, "currency": "EUR"})),
    ("status", proof(status="paid")),
    ("reference", {**manual(), "reference": "a\nb"}),
    ("amount", {**manual(), "amount": 4500}),
    ("amount.amount", {**manual(), "amount": {"amount": 2**70, "currency": "EUR"}}),
    ("amount.currency", {**manual(), "amount": {"amount": 4500}}),
]


def test_a_bad_field_of_a_payment_is_named(door: Door) -> None:
    booking = make_booking(door.runtime)

    with nothing_saved(door.runtime):
        answers = [(field, pay(door, booking, body)) for field, body in BAD_FIELDS]

    for field, answer in answers:
        assert_problem(answer, 422, field)


def test_a_missing_provider_says_which_there_are(door: Door) -> None:
    answer = pay(door, make_booking(door.runtime), {"provider": "stripe"})

    assert answer.bad_fields == {"provider": "must be one of 'razorpay', 'manual'"}


def test_a_free_booking_needs_no_payment(door: Door) -> None:
    chat = make_service(door.runtime, price=None)
    booking = make_booking(door.runtime, chat)

    with nothing_saved(door.runtime):
        answer = pay(door, booking, manual(amount=4500))

    assert_problem(answer, 422, "amount")
