"""How fast `verify-payment` answers: one client, a stream, eight at full speed."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.figures import Figure, latencies
from bench.json_client import Client
from bench.stage import RAZORPAY_SECRET, Stage

#: Promised (issue: the main job): p99 in milliseconds.
ONE_CLIENT_MS = 20.0
STEADY_MS = 40.0
EIGHT_CLIENTS_MS = 100.0

STEADY_RATE = 50
CLIENTS = 8
WARM_UP = 30


@dataclass(frozen=True)
class Load:
    """How many requests each part sends."""

    one_client: int = 400
    steady_s: int = 15
    per_client: int = 100


def measure(stage: Stage, load: Load, *, say: Callable[[str], None]) -> list[Figure]:
    """Return the figures of the three kinds of load, all processes running."""
    client = stage.client()
    service_id = _make_service(client)

    def book(count: int) -> list[str]:
        say(f"  booking {count} appointments")
        return [_book(client, service_id) for _ in range(count)]

    _pay_all(client, book(WARM_UP))
    say("verify-payment, one client")
    one = _pay_all(client, book(load.one_client))
    say(f"verify-payment, {STEADY_RATE} a second, open loop")
    steady = _pay_steadily(stage, book(load.steady_s * STEADY_RATE))
    say(f"verify-payment, {CLIENTS} clients that never pause")
    eight = _pay_from_many(stage, book(CLIENTS * load.per_client))
    return [
        *latencies("one client", one, p99_limit_ms=ONE_CLIENT_MS),
        *latencies(f"{STEADY_RATE} a second", steady, p99_limit_ms=STEADY_MS),
        *latencies(f"{CLIENTS} clients", eight, p99_limit_ms=EIGHT_CLIENTS_MS),
    ]


def _make_service(client: Client) -> str:
    body = {
        "name": "Haircut",
        "duration_minutes": 30,
        "capacity": 1000,
        "price": {"amount": 4500, "currency": "EUR"},
    }
    return str(client.call("POST", "/api/v1/services", body)["id"])


_booked = 0


def _book(client: Client, service_id: str) -> str:
    global _booked  # noqa: PLW0603 - each booking has a customer and a day of its own
    _booked += 1
    day = 1 + _booked // 400 % 28
    body = {
        "service_id": service_id,
        "start": f"2031-{1 + _booked % 12:02}-{day:02}T10:00:00Z",
        "customer": {"name": "Alice", "phone": f"+49151{_booked:08}"},
    }
    return str(client.call("POST", "/api/v1/bookings", body)["id"])


def pay(client: Client, booking_id: str) -> float:
    """Verify a booking's payment; return how many seconds the answer took."""
    order_id, payment_id = f"order_{booking_id}", f"pay_{booking_id}"
    signed = f"{order_id}|{payment_id}".encode()
    signature = hmac.new(RAZORPAY_SECRET.encode(), signed, hashlib.sha256).hexdigest()
    body = {
        "provider": "razorpay",
        "order_id": order_id,
        "payment_id": payment_id,
        "signature": signature,
    }
    began = time.perf_counter()
    client.call("POST", f"/api/v1/bookings/{booking_id}/verify-payment", body)
    return time.perf_counter() - began


def _pay_all(client: Client, booking_ids: Sequence[str]) -> list[float]:
    return [pay(client, booking_id) for booking_id in booking_ids]


def _pay_steadily(stage: Stage, booking_ids: Sequence[str]) -> list[float]:
    """Send at fixed moments whatever happens; late answers count from their moment."""
    taken: list[float] = []
    began = time.perf_counter()

    def send(turn: int) -> None:
        client = stage.client()
        for index in range(turn, len(booking_ids), CLIENTS):
            due = began + index / STEADY_RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            pay(client, booking_ids[index])
            taken.append(time.perf_counter() - due)

    _in_threads(send)
    return taken


def _pay_from_many(stage: Stage, booking_ids: Sequence[str]) -> list[float]:
    taken: list[float] = []

    def send(turn: int) -> None:
        client = stage.client()
        taken.extend(_pay_all(client, booking_ids[turn::CLIENTS]))

    _in_threads(send)
    return taken


def _in_threads(send: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=send, args=(turn,)) for turn in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
