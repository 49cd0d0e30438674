"""What happens in the demo: a salon, three customers, and what each of them does.

Played by `demo` through the HTTP API, as a website would. Each deed has an
Idempotency-Key with today's date, so that a second demo on the same day books nothing
anew. The customers cannot be reached: their numbers (555-01xx) and addresses
(example.com) are reserved for such ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any

from app.clock import utc_now
from app.commands.http_api import HttpApi
from app.domain.money import read_money
from app.domain.tasks import FINISHED, Status

#: Seconds for the messages of one deed; it takes some hundredths of one.
SENT_WITHIN_S = 15.0
LOOK_AGAIN_S = 0.05
#: Appointments begin so long after today's midnight (UTC): too late for reminders.
FIRST_START = timedelta(days=2, hours=15)
#: Nothing more happens to these within a demo's patience.
SETTLED = frozenset({*FINISHED, Status.FAILED})

Json = Mapping[str, Any]
#: Does something to a booking, once for the key; returns how that is told.
Deed = Callable[[HttpApi, Json, str], str]


@dataclass(frozen=True, kw_only=True)
class Act:
    """One customer, what is booked, and what is done with the booking."""

    customer: Json
    service: Json
    #: Makes the booking confirmed, where it has a price.
    settle: Deed | None = None
    #: What happens once the customer has heard of that.
    then: Deed | None = None


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What came of an act: the booking as it stands now, and its messages."""

    service: Json
    booking: Json
    #: When it was booked for; a move comes later.
    first_start: datetime
    deeds: list[str]
    #: The first that was planned first.
    messages: list[Json]
    #: It was played before, and nothing was done anew.
    is_replayed: bool

    @property
    def is_settled(self) -> bool:
        """Whether every message has left (or never will by itself)."""
        return are_settled(self.messages)


def play(api: HttpApi) -> Iterator[Scene]:
    """Play the acts one after the other; whoever reads on wants the next one."""
    for act in ACTS:
        yield _play(api, act, today=utc_now().date())


def are_settled(messages: list[Json]) -> bool:
    """Say whether nothing more will happen to these messages soon."""
    return all(Status(message["status"]) in SETTLED for message in messages)


def _play(api: HttpApi, act: Act, *, today: date) -> Scene:
    service = _service(api, act.service, today=today)
    midnight = datetime.combine(today, time_of_day(), UTC)
    wish = {
        "service_id": service["id"],
        "start": (midnight + FIRST_START).isoformat(),
        "customer": act.customer,
    }
    key = f"demo-{today}-{act.customer['email']}"
    booked = api.post("/bookings", wish, idempotency_key=f"{key}-book")
    deeds = []
    for step, deed in (("settle", act.settle), ("then", act.then)):
        if deed is not None and are_settled(_messages(api, booked.body)):
            deeds.append(deed(api, booked.body, f"{key}-{step}"))
        messages = _messages_once_sent(api, booked.body)
    return Scene(
        service=service,
        booking=api.get(f"/bookings/{booked.body['id']}"),
        first_start=datetime.fromisoformat(booked.body["start"]),
        deeds=deeds,
        messages=messages,
        is_replayed=booked.is_replayed,
    )


def _service(api: HttpApi, wanted: Json, *, today: date) -> Json:
    """Find the service by its name, or offer it."""
    for service in api.get("/services", limit=200)["data"]:
        if service["name"] == wanted["name"] and service["active"]:
            return dict(service)
    key = f"demo-{today}-{wanted['name']}"
    return dict(api.post("/services", wanted, idempotency_key=key).body)


def _messages_once_sent(api: HttpApi, booking: Json) -> list[Json]:
    """Wait until the booking's messages are sent; return them as they are in the end.

    They were planned together with the deed, so that none can be missing here.
    """
    deadline = time.monotonic() + SENT_WITHIN_S
    while True:
        messages = _messages(api, booking)
        if are_settled(messages) or time.monotonic() > deadline:
            return messages
        time.sleep(LOOK_AGAIN_S)


def _messages(api: HttpApi, booking: Json) -> list[Json]:
    page = api.get("/notifications", booking_id=booking["id"], limit=200)
    return list(reversed(page["data"]))


def _pay(api: HttpApi, booking: Json, key: str) -> str:
    price = read_money(booking["price"])
    reference = f"demo-{booking['reference']}"
    proof = {"provider": "manual", "reference": reference, "amount": booking["price"]}
    api.post(f"/bookings/{booking['id']}/verify-payment", proof, idempotency_key=key)
    return f"pays {price.major} {price.currency} at the desk"


def _confirm(api: HttpApi, booking: Json, key: str) -> str:
    api.post(f"/bookings/{booking['id']}/confirm", {}, idempotency_key=key)
    return "gets it confirmed by the staff"


def _move(api: HttpApi, booking: Json, key: str) -> str:
    start = datetime.fromisoformat(booking["start"]) + timedelta(days=1)
    body = {"start": start.isoformat()}
    api.post(f"/bookings/{booking['id']}/reschedule", body, idempotency_key=key)
    return "moves it to the day after"


def _cancel(api: HttpApi, booking: Json, key: str) -> str:
    body = {"reason": "Charlie is travelling that day"}
    api.post(f"/bookings/{booking['id']}/cancel", body, idempotency_key=key)
    return "cancels it"


ACTS = (
    Act(
        customer={
            "name": "Alice Baker",
            "email": "alice@example.com",
            "phone": "+12025550123",
            "locale": "en-GB",
            "timezone": "Europe/London",
        },
        service={
            "name": "Cut and colour (demo)",
            "duration_minutes": 90,
            "capacity": 5,
            "price": {"amount": 6500, "currency": "EUR"},
        },
        settle=_pay,
    ),
    Act(
        customer={
            "name": "María López",
            "email": "maria@example.com",
            "phone": "+13055550142",
            "locale": "es",
            "timezone": "Europe/Madrid",
        },
        service={
            "name": "First visit (demo)",
            "duration_minutes": 30,
            "capacity": 5,
            "price": None,
        },
        then=_move,
    ),
    Act(
        customer={
            "name": "Charlie Green",
            "email": "charlie@example.com",
            "phone": "+12125550156",
            "locale": "en-US",
            "timezone": "America/New_York",
        },
        service={
            "name": "Beard trim (demo)",
            "duration_minutes": 30,
            "capacity": 5,
            "price": {"amount": 1800, "currency": "EUR"},
        },
        settle=_confirm,
        then=_cancel,
    ),
)
