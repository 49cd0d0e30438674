"""Finds what an answer needs beside its row; used by the endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Response, jsonify

from app.domain.bookings import Booking
from app.storage import payments
from app.web.context import house
from app.web.schemas.bookings import booking_answer


def as_json(answer: Any) -> Response:
    """Answer 200 with JSON."""
    return jsonify(answer)


def bookings_answers(
    tx: sa.Connection, bookings: Sequence[Booking]
) -> list[dict[str, Any]]:
    """Write bookings with their payments and links."""
    paid = payments.by_booking(tx, [booking.id for booking in bookings])
    links = house().links
    return [
        booking_answer(
            booking, paid.get(booking.id), manage_url=links.manage_url(booking.id)
        )
        for booking in bookings
    ]


def one_booking_answer(tx: sa.Connection, booking: Booking) -> dict[str, Any]:
    """Write one booking with its payment and link."""
    return bookings_answers(tx, [booking])[0]
