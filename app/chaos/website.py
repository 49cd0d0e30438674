"""The website that orders through the HTTP API, whatever happens to the API.

A thread of the run. What was not answered is asked again with the same Idempotency-Key,
as a website does; whatever was answered with yes has to happen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from http.client import HTTPException
from threading import Event
from typing import Any

from app.chaos.orders import Customer, Deed, Order
from app.clock import utc_now
from app.commands.http_api import exchange
from app.domain.recipients import Channel
from app.errors import BellhopError

#: Seconds between two looks at how much may be asked, and before asking again.
LOOK_AGAIN_S, ASK_AGAIN_S = 0.02, 0.1
_PRICE = {"amount": 4500, "currency": "EUR"}


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """Raised inside the website's thread when the run is over."""


class Website:
    """Asks one order after the other; `asked` tells how many were answered."""

    def __init__(self, url: str, *, api_key: str, stop: Event) -> None:
        self.asked = 0
        #: How often something had to be asked again.
        self.repeated = 0
        self._url = f"{url}/api/v1"
        self._api_key = api_key
        self._stop = stop
        self._service_id = ""
        self._booking_ids: dict[Customer, str] = {}
        self._starts_at = utc_now().replace(minute=0, second=0, microsecond=0)

    def ask_all(self, asked: Sequence[Order], *, allowed: Callable[[], float]) -> None:
        """Ask all orders, never more than are `allowed` by now."""
        deeds: Mapping[Deed, Callable[[Customer], None]] = {
            Deed.MESSAGE: self._message,
            Deed.BOOK: self._book,
            Deed.CANCEL: self._cancel,
            Deed.MOVE: self._move,
        }
        try:
            self._open()
            for order in asked:
                while self.asked >= allowed():
                    self._pause(LOOK_AGAIN_S)
                deeds[order.deed](order.customer)
                self.asked += 1
        except Stopped:
            return

    def _open(self) -> None:
        service = {
            "name": "Yoga",
            "duration_minutes": 60,
            "capacity": 1000,
            "price": _PRICE,
        }
        self._service_id = self._post("/services", service, key="service")["id"]

    def _message(self, customer: Customer) -> None:
        order = {
            "kind": "message",
            "channels": [customer.channel],
            "to": _contact(customer),
            "data": {"text": f"Your table number {customer.number} is ready."},
        }
        self._post("/notifications", order, key=f"message-{customer.number}")

    def _book(self, customer: Customer) -> None:
        wish = {
            "service_id": self._service_id,
            "start": self._in_days(3),
            "customer": {
                "name": "Alice",
                "channels": [customer.channel],
                **_contact(customer),
            },
        }
        booking = self._post("/bookings", wish, key=f"book-{customer.number}")
        self._booking_ids[customer] = booking["id"]
        proof = {"provider": "manual", "reference": booking["id"], "amount": _PRICE}
        self._change(customer, "verify-payment", proof)

    def _cancel(self, customer: Customer) -> None:
        self._change(customer, "cancel", {})

    def _move(self, customer: Customer) -> None:
        self._change(customer, "reschedule", {"start": self._in_days(4)})

    def _change(self, customer: Customer, move: str, body: Mapping[str, Any]) -> None:
        path = f"/bookings/{self._booking_ids[customer]}/{move}"
        self._post(path, body, key=f"{move}-{customer.number}")

    def _in_days(self, days: int) -> str:
        start: datetime = self._starts_at + timedelta(days=days)
        return start.isoformat()

    def _post(self, path: str, body: Mapping[str, Any], *, key: str) -> Any:
        headers = {
            "Authorization": f"Bearer {self._api_key}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"chaos-{key}",
        }
        content = json.dumps(body)
        while True:
            try:
                reply = exchange(
                    self._url + path, method="POST", headers=headers, content=content
                )
            except (OSError, HTTPException):
                pass  # the API was killed: it is asked again
            else:
                if reply.status < HTTPStatus.BAD_REQUEST:
                    return reply.body
                if not _may_pass(reply.status):
                    raise BellhopError(f"The API refuses {path}: {reply.body}")
            self.repeated += 1
            self._pause(ASK_AGAIN_S)

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Stopped


def _contact(customer: Customer) -> dict[str, str]:
    field = "email" if customer.channel is Channel.EMAIL else "phone"
    return {field: customer.address}


def _may_pass(status: int) -> bool:
    return status >= 500 or status == HTTPStatus.TOO_MANY_REQUESTS
