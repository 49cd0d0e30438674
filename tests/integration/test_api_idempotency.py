"""`Idempotency-Key`: one deed and one answer, however often a request comes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.services.keys import Scope
from app.storage.tables import bookings, idempotency_keys, services, tasks
from tests.door import Door, assert_problem
from tests.house import (
    change_row,
    count,
    in_days,
    make_booking,
    make_service,
    nothing_saved,
)
from tests.wishes import wish

REPLAYED = "Idempotent-Replayed"
YOGA = {"name": "Yoga", "duration_minutes": 60}
MESSAGE = {
    "kind": "message",
    "channels": ["sms"],
    "to": {"phone": "+14155550100"},
    "data": {"text": "Hello"},
}


def test_the_same_request_again_gives_the_same_answer(door: Door) -> None:
    body = wish(make_service(door.runtime))

    first = door.post("/bookings", body, Idempotency_Key="k1")
    with nothing_saved(door.runtime):
        second = door.post("/bookings", body, Idempotency_Key="k1")

    assert first.status == second.status == 201
    assert second.text == first.text
    assert second.headers["Location"] == first.headers["Location"]
    assert REPLAYED not in first.headers
    assert second.headers[REPLAYED] == "true"
    assert count(door.runtime, bookings) == 1


def test_the_first_answer_is_given_though_the_thing_has_changed(door: Door) -> None:
    body = wish(make_service(door.runtime))
    first = door.post("/bookings", body, Idempotency_Key="k1")
    door.post(f"/bookings/{first.json['id']}/cancel")

    again = door.post("/bookings", body, Idempotency_Key="k1")

    assert again.json["status"] == "pending_payment"


def test_another_body_under_the_same_key_is_422(door: Door) -> None:
    door.post("/services", YOGA, Idempotency_Key="k1")

    with nothing_saved(door.runtime):
        answer = door.post("/services", {**YOGA, "name": "Chat"}, Idempotency_Key="k1")

    assert_problem(answer, 422, "Idempotency-Key")
    assert count(door.runtime, services) == 1


def test_every_kind_of_deed_is_done_once(door: Door) -> None:
    service = make_service(door.runtime, capacity=100)
    pending = make_booking(door.runtime, service)
    begun = make_booking(door.runtime, service, confirmed=True)
    change_row(door.runtime, bookings, begun.id, start=in_days(-1))
    requests: list[tuple[str, Any]] = [
        ("/services", YOGA),
        ("/bookings", wish(service)),
        (f"/bookings/{pending.id}/confirm", None),
        (f"/bookings/{pending.id}/reschedule", {"start": "2099-01-01T10:00:00Z"}),
        (f"/bookings/{begun.id}/no-show", {"reason": "Rain"}),
        (f"/bookings/{begun.id}/complete", {}),
        ("/notifications", MESSAGE),
        ("/notifications/cancel", {"kind": "message"}),
        ("/notifications/retry", {"status": "dead"}),
    ]

    for path, body in requests:
        first = door.post(path, body, Idempotency_Key="the one key")
        with nothing_saved(door.runtime):
            second = door.post(path, body, Idempotency_Key="the one key")
        assert first.status < 300, first.text
        assert second.headers.get(REPLAYED) == "true", path
        assert (second.status, second.text) == (first.status, first.text)


def test_two_callers_may_use_the_same_key(door: Door) -> None:
    body = wish(make_service(door.runtime))

    made = [
        other.post("/bookings", body, Idempotency_Key="1").json["id"]
        for other in (door, door.as_scope(Scope.SITE), door.as_scope(Scope.PUBLIC))
    ]

    assert len(set(made)) == 3


def test_a_key_counts_no_more_after_a_day(door: Door) -> None:
    first = door.post("/services", YOGA, Idempotency_Key="k1").json["id"]
    age(door, timedelta(hours=23, minutes=59))
    kept = door.post("/services", YOGA, Idempotency_Key="k1").json["id"]
    age(door, timedelta(hours=24))

    fresh = door.post("/services", {**YOGA, "name": "Chat"}, Idempotency_Key="k1")
    again = door.post("/services", {**YOGA, "name": "Chat"}, Idempotency_Key="k1")

    assert kept == first
    assert fresh.status == 201
    assert fresh.json["id"] != first
    assert again.text == fresh.text


def age(door: Door, by: timedelta) -> None:
    with door.runtime.database.write() as tx:
        tx.execute(sa.update(idempotency_keys).values(created_at=utc_now() - by))


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        ({"start": "2001-01-01T10:00:00Z"}, 422),
        ({"start": "soon"}, 422),
        ({"party_size": 2}, 409),
    ],
    ids=str,
)
def test_a_refused_request_leaves_its_key_free(
    door: Door, bad: dict[str, Any], status: int
) -> None:
    service = make_service(door.runtime, capacity=2)
    make_booking(door.runtime, service)
    with nothing_saved(door.runtime):
        refused = door.post("/bookings", wish(service, **bad), Idempotency_Key="k1")

    mended = door.post("/bookings", wish(service), Idempotency_Key="k1")

    assert refused.status == status
    assert mended.status == 201
    assert REPLAYED not in mended.headers


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "\x7f", "\u00a0"], ids=repr)
def test_a_key_is_1_to_255_printable_characters(door: Door, key: str) -> None:
    with nothing_saved(door.runtime):
        answer = door.post("/services", YOGA, Idempotency_Key=key)

    assert_problem(answer, 422, "Idempotency-Key")


@pytest.mark.parametrize("key", ["x" * 255, "\u00e9", "'; DROP TABLE bookings", "%00"])
def test_any_other_key_will_do(door: Door, key: str) -> None:
    first = door.post("/services", YOGA, Idempotency_Key=key)
    second = door.post("/services", YOGA, Idempotency_Key=key)

    assert first.status == 201
    assert second.text == first.text


def test_without_a_key_every_request_is_a_new_one(door: Door) -> None:
    for _ in range(2):
        assert door.post("/services", YOGA).status == 201

    assert count(door.runtime, services) == 2
    assert count(door.runtime, idempotency_keys) == 0


def test_a_payment_sent_twice_under_a_key_tells_nobody_twice(door: Door) -> None:
    booking = make_booking(door.runtime)
    proof = {
        "provider": "manual",
        "reference": "till-17",
        "amount": {"amount": 4500, "currency": "EUR"},
    }
    path = f"/bookings/{booking.id}/verify-payment"

    first = door.post(path, proof, Idempotency_Key="k1")
    second = door.post(path, proof, Idempotency_Key="k1")
    third = door.post(path, proof)

    assert [a.status for a in (first, second, third)] == [200, 200, 200]
    assert count(door.runtime, tasks) == 3
