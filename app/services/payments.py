"""Verifies that a booking is paid, and confirms it in the same transaction.

A second identical call changes nothing and sends nothing. A wrong signature changes
nothing at all.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.domain.bookings import Booking, BookingStatus, PaymentStatus
from app.domain.events import Event
from app.domain.ids import new_id
from app.domain.kinds import Kind
from app.domain.money import Money
from app.errors import ConflictError, InvalidError, Problem, SignatureError
from app.logs import fields
from app.runtime import Runtime
from app.services import bookings
from app.services.events import tell
from app.services.planning import plan_for_booking
from app.storage import bookings as store
from app.storage import payments
from app.storage.payments import Payment

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RazorpayProof:
    """What Razorpay's checkout gives the website after a payment."""

    order_id: str
    payment_id: str
    signature: str


@dataclass(frozen=True, kw_only=True)
class ManualProof:
    """A payment that staff vouches for: cash, a card machine, a bank transfer."""

    reference: str
    amount: Money


def verify_razorpay(
    tx: sa.Connection,
    runtime: Runtime,
    booking: Booking,
    proof: RazorpayProof,
    *,
    now: datetime,
) -> Booking:
    """Confirm the booking if the signature proves its payment.

    The order id comes from our row once there is one, never from the request; the first
    valid call records it. The amount is taken as the booking's price: the order was
    made for it. Raises SignatureError.
    """
    check_razorpay_signature(runtime, proof)
    if booking.payment_order_id not in (None, proof.order_id):
        raise SignatureError("This payment belongs to another order.")
    payment = Payment(
        id=new_id(),
        booking_id=booking.id,
        provider="razorpay",
        reference=proof.payment_id,
        order_id=proof.order_id,
        amount=booking.price,
        created_at=now,
    )
    return _record(tx, runtime, booking, payment, now=now)


def verify_manual(
    tx: sa.Connection,
    runtime: Runtime,
    booking: Booking,
    proof: ManualProof,
    *,
    now: datetime,
) -> Booking:
    """Confirm the booking on a person's word; the amount must be its price."""
    if proof.amount != booking.price:
        raise InvalidError(
            [
                Problem(
                    "amount",
                    f"the price is {booking.price.amount} {booking.price.currency} "
                    "(in minor units)",
                )
            ]
        )
    payment = Payment(
        id=new_id(),
        booking_id=booking.id,
        provider="manual",
        reference=proof.reference,
        order_id=None,
        amount=proof.amount,
        created_at=now,
    )
    return _record(tx, runtime, booking, payment, now=now)


def check_razorpay_signature(runtime: Runtime, proof: RazorpayProof) -> None:
    """Raise SignatureError unless the signature is Razorpay's for order and payment.

    Hex HMAC-SHA256 of `order_id|payment_id` with the key secret (Razorpay: "Verify
    payment signature").
    """
    secret = runtime.settings.razorpay_key_secret
    if secret is None:
        message = "Razorpay is not set up here: set RAZORPAY_KEY_SECRET"
        raise InvalidError([Problem("provider", message)])
    signed = f"{proof.order_id}|{proof.payment_id}".encode()
    key = secret.get_secret_value().encode()
    expected = hmac.new(key, signed, hashlib.sha256).hexdigest()
    # As bytes: with letters beyond ASCII a comparison of texts raises TypeError.
    if not hmac.compare_digest(expected.encode(), proof.signature.lower().encode()):
        raise SignatureError("The payment's signature is wrong.")


def _record(
    tx: sa.Connection,
    runtime: Runtime,
    booking: Booking,
    payment: Payment,
    *,
    now: datetime,
) -> Booking:
    known = payments.find(tx, provider=payment.provider, reference=payment.reference)
    if known is not None:
        if known.booking_id != booking.id:
            raise ConflictError("This payment has paid another booking already.")
        return booking
    if booking.payment_status is PaymentStatus.PAID:
        raise ConflictError("The booking is paid already, by another payment.")
    changes: dict[str, Any] = {"payment_status": PaymentStatus.PAID}
    if payment.order_id is not None:
        changes["payment_order_id"] = payment.order_id
    if booking.status is BookingStatus.CONFIRMED:
        booking = store.change(tx, booking, now=now, **changes)
        paid = {
            "price": {
                "amount": payment.amount.amount,
                "currency": payment.amount.currency,
            }
        }
        plan_for_booking(
            tx, runtime, booking, kind=Kind.PAYMENT_RECEIVED, now=now, args=paid
        )
    else:
        booking = _confirm(tx, runtime, booking, payment, now=now, **changes)
    payments.insert(tx, payment)
    tell(
        tx,
        runtime,
        Event.BOOKING_PAID,
        booking,
        now=now,
        provider=payment.provider,
        payment_reference=payment.reference,
    )
    return booking


def _confirm(
    tx: sa.Connection,
    runtime: Runtime,
    booking: Booking,
    payment: Payment,
    *,
    now: datetime,
    **changes: Any,
) -> Booking:
    try:
        return bookings.confirm(tx, runtime, booking, now=now, **changes)
    except ConflictError as error:
        # Money was taken for what cannot be had any more: the owner must hear of it.
        log.critical(
            "Payment proven, booking not to be confirmed: refund it",
            extra=fields(
                "payment_without_booking",
                booking_id=booking.id,
                provider=payment.provider,
                payment_id=payment.reference,
                order_id=payment.order_id,
                cause=error,
            ),
        )
        raise
