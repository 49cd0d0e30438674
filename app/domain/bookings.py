"""The life of a booking: its states and allowed moves, and who holds a place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.domain.money import Money
from app.domain.recipients import Channel
from app.errors import IllegalMoveError


class BookingStatus(StrEnum):
    """Where a booking stands."""

    PENDING_PAYMENT = "pending_payment"  # the place is held until the hold expires
    CONFIRMED = "confirmed"  # paid, free of charge or confirmed by staff
    COMPLETED = "completed"  # the customer was there
    CANCELLED = "cancelled"  # called off; the place is free again
    NO_SHOW = "no_show"  # the customer did not come
    EXPIRED = "expired"  # not paid in time; the place is free again


class PaymentStatus(StrEnum):
    """Where a booking's payment stands."""

    NOT_NEEDED = "not_needed"  # the price is 0
    UNPAID = "unpaid"
    PAID = "paid"


#: From each state the states that may follow it. A payment that comes after the hold
#: has expired still confirms the booking, as long as its place is free.
MOVES: dict[BookingStatus, frozenset[BookingStatus]] = {
    BookingStatus.PENDING_PAYMENT: frozenset(
        {BookingStatus.CONFIRMED, BookingStatus.CANCELLED, BookingStatus.EXPIRED}
    ),
    BookingStatus.CONFIRMED: frozenset(
        {BookingStatus.COMPLETED, BookingStatus.CANCELLED, BookingStatus.NO_SHOW}
    ),
    BookingStatus.COMPLETED: frozenset(),
    BookingStatus.CANCELLED: frozenset(),
    BookingStatus.NO_SHOW: frozenset({BookingStatus.COMPLETED}),
    BookingStatus.EXPIRED: frozenset({BookingStatus.CONFIRMED}),
}

#: In these states a booking takes up its places.
HOLDS_PLACE = frozenset({BookingStatus.PENDING_PAYMENT, BookingStatus.CONFIRMED})
#: In these states a booking may be moved to another time.
MOVABLE = HOLDS_PLACE


def check_move(current: BookingStatus, wanted: BookingStatus) -> None:
    """Raise IllegalMoveError unless a booking may go from `current` to `wanted`."""
    if wanted not in MOVES[current]:
        raise IllegalMoveError("booking", current, wanted)


@dataclass(frozen=True, kw_only=True)
class Customer:
    """Whom a booking is for, and how they may be reached."""

    name: str
    email: str | None = None
    phone: str | None = None
    locale: str | None = None
    timezone: str | None = None
    #: The channels they want; None: every one for which there is an address.
    channels: frozenset[Channel] | None = None


@dataclass(frozen=True, kw_only=True)
class Booking:
    """A booking as it stands; a change makes a new one with the next revision."""

    id: str
    reference: str
    status: BookingStatus
    service_id: str
    start: datetime
    end: datetime
    party_size: int
    customer: Customer
    price: Money
    payment_status: PaymentStatus
    payment_order_id: str | None = None
    #: Until when an unpaid booking holds its places.
    hold_expires_at: datetime | None = None
    #: When it was confirmed, last moved or last reminded of: its customer was told the
    #: time just then.
    told_at: datetime | None = None
    notes: str | None = None
    metadata: dict[str, Any] | None = None
    #: For which occasion the last reminder was planned.
    reminded: str | None = None
    #: When the customer said that they will come at this time.
    attendance_confirmed_at: datetime | None = None
    revision: int = 0
    #: How often start, end or status have changed: calendars go by the highest.
    sequence: int = 0
    created_at: datetime
    updated_at: datetime


def next_sequence(before: Booking, after: Booking) -> int:
    """Return the sequence of a changed booking: one more if calendars must change."""
    same = (before.start, before.end, before.status) == (
        after.start,
        after.end,
        after.status,
    )
    return before.sequence if same else before.sequence + 1
