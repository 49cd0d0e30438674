"""Bookings, as requests and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, RootModel

from app.domain.bookings import Booking, BookingStatus, Customer, PaymentStatus
from app.domain.recipients import Channel
from app.services.bookings import Wish
from app.services.payments import ManualProof, RazorpayProof
from app.storage.payments import Payment
from app.web.schemas.fields import (
    Address,
    Count,
    Email,
    Id,
    Line,
    LocaleName,
    Metadata,
    MomentField,
    MoneyField,
    Phone,
    RequestModel,
    Text,
    TimeZoneName,
    Told,
    Words,
    money_answer,
)
from app.web.schemas.lists import PageQuery


class CustomerRequest(RequestModel):
    """Whom the booking is for. `channels` null: every one with an address."""

    name: Told
    email: Email | None = None
    phone: Phone | None = None
    locale: LocaleName | None = None
    timezone: TimeZoneName | None = None
    channels: list[Channel] | None = None

    def customer(self) -> Customer:
        """Return the customer in the house's own words."""
        return Customer(
            name=self.name,
            email=self.email,
            phone=self.phone,
            locale=self.locale,
            timezone=self.timezone,
            channels=None if self.channels is None else frozenset(self.channels),
        )


class BookingRequest(RequestModel):
    """What somebody wants to book."""

    service_id: Id
    start: MomentField
    party_size: Count = 1
    customer: CustomerRequest
    notes: Text | None = None
    metadata: Metadata | None = None

    def wish(self) -> Wish:
        """Return the wish in the house's own words."""
        return Wish(
            service_id=self.service_id,
            start=self.start,
            party_size=self.party_size,
            customer=self.customer.customer(),
            notes=self.notes,
            metadata=self.metadata,
        )


class RazorpayRequest(RequestModel):
    """What Razorpay's checkout handed to the website after the payment."""

    provider: Literal["razorpay"]
    order_id: Line
    payment_id: Line
    signature: Line

    def proof(self) -> RazorpayProof:
        """Return the proof in the house's own words."""
        return RazorpayProof(
            order_id=self.order_id,
            payment_id=self.payment_id,
            signature=self.signature,
        )


class ManualRequest(RequestModel):
    """A payment that staff vouches for; needs an admin key."""

    provider: Literal["manual"]
    reference: Line
    amount: MoneyField

    def proof(self) -> ManualProof:
        """Return the proof in the house's own words."""
        return ManualProof(reference=self.reference, amount=self.amount.money())


class VerifyPaymentRequest(
    RootModel[
        Annotated[RazorpayRequest | ManualRequest, Field(discriminator="provider")]
    ]
):
    """The proof of a payment, by its provider."""


class ReasonRequest(RequestModel):
    """Why, in words that the customer may read."""

    reason: Told | None = None


class RescheduleRequest(RequestModel):
    """When instead, and why."""

    start: MomentField
    reason: Told | None = None


class BookingsQuery(PageQuery):
    """Which bookings; `from` and `to` are about their start, `q` about name or
    reference, `customer` is an e-mail address or a phone number.
    """

    status: BookingStatus | None = None
    from_: Annotated[MomentField | None, Field(alias="from")] = None
    to: MomentField | None = None
    customer: Address | None = None
    q: Words | None = None


class CustomerAnswer(BaseModel):
    """Whom a booking is for."""

    name: str
    email: str | None
    phone: str | None
    locale: str | None
    timezone: str | None
    channels: list[Channel] | None


class PaymentAnswer(BaseModel):
    """Where a booking's payment stands."""

    status: PaymentStatus
    provider: str | None
    reference: str | None


class BookingAnswer(BaseModel):
    """A booking as it is; times are in UTC."""

    id: str
    reference: str
    status: BookingStatus
    service_id: str
    start: datetime
    end: datetime
    party_size: int
    customer: CustomerAnswer
    price: MoneyField
    payment: PaymentAnswer
    hold_expires_at: datetime | None
    attendance_confirmed_at: datetime | None
    notes: str | None
    metadata: dict[str, Any] | None
    manage_url: str
    created_at: datetime
    updated_at: datetime


class BookingsAnswer(BaseModel):
    """A page of bookings, the newest first."""

    data: list[BookingAnswer]
    next_cursor: str | None


def booking_answer(
    booking: Booking, payment: Payment | None, *, manage_url: str
) -> dict[str, Any]:
    """Write a booking."""
    customer = booking.customer
    return {
        "id": booking.id,
        "reference": booking.reference,
        "status": booking.status,
        "service_id": booking.service_id,
        "start": booking.start,
        "end": booking.end,
        "party_size": booking.party_size,
        "customer": {
            "name": customer.name,
            "email": customer.email,
            "phone": customer.phone,
            "locale": customer.locale,
            "timezone": customer.timezone,
            "channels": None
            if customer.channels is None
            else sorted(customer.channels),
        },
        "price": money_answer(booking.price),
        "payment": {
            "status": booking.payment_status,
            "provider": payment.provider if payment else None,
            "reference": payment.reference if payment else None,
        },
        "hold_expires_at": booking.hold_expires_at,
        "attendance_confirmed_at": booking.attendance_confirmed_at,
        "notes": booking.notes,
        "metadata": booking.metadata,
        "manage_url": manage_url,
        "created_at": booking.created_at,
        "updated_at": booking.updated_at,
    }
