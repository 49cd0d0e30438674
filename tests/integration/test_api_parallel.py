"""The API over real HTTP, asked by many at once: one truth for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from app.domain.bookings import Booking
from app.domain.kinds import Kind
from app.services import bookings as deeds
from app.storage.tables import bookings, payments, tasks
from tests.house import count, in_days, make_booking, make_service, rows
from tests.http_client import Reply
from tests.paying import manual, proof
from tests.served import Served, serve


@pytest.fixture(name="served", scope="module")
def served_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One process for all tests here: each has a service of its own."""
    with serve(tmp_path_factory.mktemp("served")) as served:
        yield served


def statuses(replies: Sequence[Reply]) -> Counter[int]:
    return Counter(reply.status for reply in replies)


def wish(service_id: str, **more: Any) -> dict[str, Any]:
    start = in_days(3).isoformat()
    return {
        "service_id": service_id,
        "start": start,
        "customer": {"name": "Alice"},
        **more,
    }


def test_fifty_equal_requests_at_once_make_one_booking(served: Served) -> None:
    service = make_service(served.runtime, capacity=1000)
    body = wish(service.id)

    replies = served.ask_at_once(
        [lambda: served.ask("POST", "/api/v1/bookings", body, Idempotency_Key="k1")]
        * 50
    )

    assert statuses(replies) == {201: 50}
    assert len({reply.body for reply in replies}) == 1
    replayed = [r for r in replies if r.headers.get("idempotent-replayed") == "true"]
    assert len(replayed) == 49
    assert count(served.runtime, bookings, service_id=service.id) == 1


def test_two_hundred_who_want_five_places_get_just_five(served: Served) -> None:
    service = make_service(served.runtime, capacity=5)
    body = wish(service.id)

    replies = served.ask_at_once(
        [lambda: served.ask("POST", "/api/v1/bookings", body)] * 200
    )

    assert statuses(replies) == {201: 5, 409: 195}
    assert count(served.runtime, bookings, service_id=service.id) == 5
    for reply in replies:
        assert reply.status == 201 or reply.json["alternatives"]


def test_parties_of_two_at_once_never_fill_an_odd_place(served: Served) -> None:
    service = make_service(served.runtime, capacity=5)
    body = wish(service.id, party_size=2)

    replies = served.ask_at_once(
        [lambda: served.ask("POST", "/api/v1/bookings", body)] * 20
    )

    assert statuses(replies) == {201: 2, 409: 18}


def test_one_payment_told_twenty_times_at_once_tells_the_customer_once(
    served: Served,
) -> None:
    booking = make_booking(served.runtime)
    path, body = f"/api/v1/bookings/{booking.id}/verify-payment", proof("o1", "p1")

    replies = served.ask_at_once([lambda: served.ask("POST", path, body)] * 20)

    assert statuses(replies) == {200: 20}
    assert count(served.runtime, payments, booking_id=booking.id) == 1
    assert count(served.runtime, tasks, booking_id=booking.id) == 3


def test_one_payment_for_many_bookings_at_once_pays_one(served: Served) -> None:
    service = make_service(served.runtime, capacity=100)
    made = [make_booking(served.runtime, service) for _ in range(10)]

    def pay(booking: Booking) -> Callable[[], Reply]:
        path = f"/api/v1/bookings/{booking.id}/verify-payment"
        return lambda: served.ask("POST", path, manual("till-99"))

    replies = served.ask_at_once([pay(booking) for booking in made])

    assert statuses(replies) == {200: 1, 409: 9}
    assert count(served.runtime, payments, reference="till-99") == 1


def test_of_twenty_who_cancel_at_once_one_does(served: Served) -> None:
    booking = make_booking(served.runtime, confirmed=True)
    path = f"/api/v1/bookings/{booking.id}/cancel"

    replies = served.ask_at_once([lambda: served.ask("POST", path)] * 20)

    assert statuses(replies) == {200: 1, 409: 19}
    told = rows(
        served.runtime, tasks, booking_id=booking.id, kind=Kind.BOOKING_CANCELLED
    )
    assert len(told) == 3


def test_cancelling_and_confirming_at_once_ends_in_one_truth(served: Served) -> None:
    service = make_service(served.runtime, capacity=100)
    made = [make_booking(served.runtime, service) for _ in range(10)]

    def ask(booking: Booking, move: str) -> Callable[[], Reply]:
        return lambda: served.ask("POST", f"/api/v1/bookings/{booking.id}/{move}")

    moves = [ask(booking, move) for booking in made for move in ("confirm", "cancel")]
    replies = served.ask_at_once(moves)

    assert set(statuses(replies)) <= {200, 409}
    with served.runtime.database.read() as tx:
        after = [deeds.find(tx, booking.id).status for booking in made]
    # Cancelling is possible before and after: it always has the last word.
    assert set(after) == {"cancelled"}
    alive = [
        task
        for booking in made
        for task in rows(served.runtime, tasks, booking_id=booking.id)
        if task["kind"] == Kind.BOOKING_CONFIRMED and task["status"] == "pending"
    ]
    assert alive == []
