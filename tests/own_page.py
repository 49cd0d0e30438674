"""A booking's own page as a customer's browser asks for it."""

from __future__ import annotations

from urllib.parse import urlencode

from app.domain.bookings import Booking, Customer
from app.runtime import Runtime
from app.services import bookings
from tests.door import Answer, Door

SPANISH = Customer(
    name="Alicia",
    email="alicia@example.org",
    phone="+34911234567",
    locale="es_ES",
    timezone="Europe/Madrid",
)


def path_of(door: Door, booking: Booking) -> str:
    url = door.get(f"/bookings/{booking.id}").json["manage_url"]
    return "//" + url.removeprefix(f"{door.runtime.settings.base_url}/")


def page(door: Door, booking: Booking, rest: str = "") -> Answer:
    return door.with_key(None).get(path_of(door, booking) + rest)


def fill(door: Door, booking: Booking, form: str, **fields: str | list[str]) -> Answer:
    """Send a form of the page, as a browser does."""
    return door.with_key(None).ask(
        "POST",
        f"{path_of(door, booking)}/{form}",
        content=urlencode(fields, doseq=True),
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Sec-Fetch-Site": "same-origin",
        },
    )


def followed(door: Door, answer: Answer) -> Answer:
    """Go where the answer sends the browser."""
    assert answer.status == 303, answer.text
    return door.with_key(None).get(f"/{answer.headers['Location']}")


def saved(runtime: Runtime, booking: Booking) -> Booking:
    with runtime.database.read() as tx:
        return bookings.find(tx, booking.id)
