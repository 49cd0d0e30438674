"""A website that uses Bellhop's API over real HTTP: its customers book and pay.

Every booking is for a new customer, so that messages can be told apart by recipient.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.house import ADMIN_KEY, in_days
from tests.http_client import Reply, call

PRICE = {"amount": 4500, "currency": "EUR"}
CHANNELS = ("sms", "whatsapp", "email")


@dataclass(frozen=True, kw_only=True)
class Booked:
    """A booking of a customer of its own."""

    id: str
    phone: str
    email: str
    start: datetime


class Shop:
    """Speaks to the API at `url` with the admin key."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._numbers = itertools.count()
        self._service_id = ""
        self._took_s: list[float] = []

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request; paths begin after `/api/v1`."""
        sent = {"Authorization": f"Bearer {ADMIN_KEY}", **(headers or {})}
        content = None if body is None else json.dumps(body)
        if content is not None:
            sent["Content-Type"] = "application/json"
        return call(method, f"{self._url}/api/v1{path}", body=content, headers=sent)

    def post(self, path: str, body: object, **headers: str) -> Any:
        """Post JSON; fail unless it is answered with 2xx, and return the answer.

        `Idempotency_Key=` stands for such a header.
        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        began = time.monotonic()
        reply = self.ask("POST", path, body, headers=named)
        self._took_s.append(time.monotonic() - began)
        assert 200 <= reply.status < 300, f"{path}: {reply.status} {reply.body!r}"
        return reply.json

    def answer_times(self, deed: Callable[[], object]) -> list[float]:
        """Return how many seconds each answer took while `deed` was done."""
        first = len(self._took_s)
        deed()
        return self._took_s[first:]

    def book(self, *, channels: Collection[str] = CHANNELS) -> Booked:
        """Book for a new customer, three days ahead."""
        number = next(self._numbers)
        phone, email = f"+1415555{number:04}", f"alice-{number}@example.org"
        start = in_days(3)
        wish = {
            "service_id": self._service(),
            "start": start.isoformat(),
            "customer": {
                "name": "Alice",
                "phone": phone,
                "email": email,
                "channels": sorted(channels),
            },
        }
        booking = self.post("/bookings", wish)
        return Booked(id=booking["id"], phone=phone, email=email, start=start)

    def pay(self, booked: Booked, **headers: str) -> None:
        """Pay at the counter."""
        proof = {"provider": "manual", "reference": booked.id, "amount": PRICE}
        self.post(f"/bookings/{booked.id}/verify-payment", proof, **headers)

    def book_and_pay(self, *, channels: Collection[str] = CHANNELS) -> Booked:
        """Book for a new customer and pay: a message a channel is to leave."""
        booked = self.book(channels=channels)
        self.pay(booked)
        return booked

    def several(
        self, number: int, *, channels: Collection[str] = CHANNELS
    ) -> list[Booked]:
        """Book and pay for so many new customers."""
        return [self.book_and_pay(channels=channels) for _ in range(number)]

    def message(
        self, booked: Booked, text: str, *, useful_until: datetime | None = None
    ) -> None:
        """Send words of the site's own about a booking by SMS."""
        order = {
            "kind": "message",
            "channels": ["sms"],
            "to": {"phone": booked.phone},
            "data": {"text": text},
            "booking_id": booked.id,
            "useful_until": useful_until and useful_until.isoformat(),
        }
        self.post("/notifications", order)

    def _service(self) -> str:
        if not self._service_id:
            service = {
                "name": "Yoga",
                "duration_minutes": 60,
                "capacity": 1000,
                "price": PRICE,
            }
            self._service_id = self.post("/services", service)["id"]
        return self._service_id
