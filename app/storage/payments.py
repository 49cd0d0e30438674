"""The SQL of payments that were proven."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.domain.money import Money
from app.errors import ConflictError
from app.storage.inserting import insert_new
from app.storage.prepared import Prepared
from app.storage.tables import payments
from app.storage.types import Row

_FIND = Prepared(
    sa.select(payments).where(
        payments.c.provider == sa.bindparam("provider"),
        payments.c.reference == sa.bindparam("reference"),
    )
)


@dataclass(frozen=True, kw_only=True)
class Payment:
    """One payment that was proven; `reference` is the provider's payment id."""

    id: str
    booking_id: str
    provider: str
    reference: str
    order_id: str | None
    amount: Money
    created_at: datetime


def insert(tx: sa.Connection, payment: Payment) -> None:
    """Save a payment; (provider, reference) is unique over all bookings.

    Raises ConflictError where the same payment has paid another one just now.
    """
    row = {
        "id": payment.id,
        "booking_id": payment.booking_id,
        "provider": payment.provider,
        "reference": payment.reference,
        "order_id": payment.order_id,
        "amount": payment.amount.amount,
        "currency": payment.amount.currency,
        "created_at": payment.created_at,
    }
    if not insert_new(tx, payments, row, key=("provider", "reference")):
        raise ConflictError("This payment has paid another booking already.")


def find(tx: sa.Connection, *, provider: str, reference: str) -> Payment | None:
    """Return the payment with the provider's id, whichever booking it paid."""
    facts = {"provider": provider, "reference": reference}
    found = _FIND.mappings(tx, facts)
    return _payment(found[0]) if found else None


def by_booking(tx: sa.Connection, booking_ids: Sequence[str]) -> dict[str, Payment]:
    """Return the first payment of each booking that has one."""
    if not booking_ids:
        return {}
    # Few shapes: one, two, four, eight … of them; the last one stands there again.
    count = 1 << (len(booking_ids) - 1).bit_length()
    padded = [*booking_ids, *[booking_ids[-1]] * (count - len(booking_ids))]
    named = {_place(number): it for number, it in enumerate(padded)}
    rows = _finding(count).mappings(tx, named)
    return {row["booking_id"]: _payment(row) for row in rows}


@functools.cache
def _finding(count: int) -> Prepared:
    """Make the question for the payments of so many bookings."""
    places: list[sa.BindParameter[str]] = [
        sa.bindparam(_place(number)) for number in range(count)
    ]
    return Prepared(
        sa.select(payments)
        .where(payments.c.booking_id.in_(places))
        .order_by(payments.c.id.desc())
    )


def _place(number: int) -> str:
    return f"booking_{number}"


def _payment(row: Row) -> Payment:
    return Payment(
        id=row["id"],
        booking_id=row["booking_id"],
        provider=row["provider"],
        reference=row["reference"],
        order_id=row["order_id"],
        amount=Money(row["amount"], row["currency"]),
        created_at=row["created_at"],
    )
