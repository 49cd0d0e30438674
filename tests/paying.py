"""Payments as a shop's website proves them, or its staff vouches for them."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from app.domain.bookings import Booking
from tests.door import Answer, Door

#: What Razorpay and the house share.
SECRET = "key_secret"


def proof(
    order: str = "order_1", payment: str = "pay_1", **more: Any
) -> dict[str, Any]:
    """What Razorpay's checkout hands to the website for this order and payment."""
    signed = f"{order}|{payment}".encode()
    signature = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    return {
        "provider": "razorpay",
        "order_id": order,
        "payment_id": payment,
        "signature": signature,
        **more,
    }


def manual(reference: str = "till-17", amount: int = 4500) -> dict[str, Any]:
    price = {"amount": amount, "currency": "EUR"}
    return {"provider": "manual", "reference": reference, "amount": price}


def pay(door: Door, booking: Booking, body: object, **headers: str) -> Answer:
    return door.post(f"/bookings/{booking.id}/verify-payment", body, **headers)
