"""The SQL of what customers write: kept once, looked at by the staff, and answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.domain.bookings import Booking
from app.domain.inbound import InboxState
from app.domain.kinds import Kind
from app.storage.bookings import booking_of
from app.storage.inserting import insert_new
from app.storage.tables import bookings, inbox, notifications, tasks

_ROW = sa.select(
    inbox, bookings.c.reference, bookings.c.customer_name, bookings.c.start
).outerjoin(bookings, bookings.c.id == inbox.c.booking_id)


def keep(tx: sa.Connection, row: Mapping[str, Any]) -> bool:
    """Save what a customer wrote; False where the provider brings it once more."""
    return insert_new(tx, inbox, row, key=("provider", "provider_message_id"))


def change(tx: sa.Connection, entry_id: str, **values: Any) -> None:
    """Give an entry these values."""
    tx.execute(sa.update(inbox).where(inbox.c.id == entry_id).values(**values))


def find(tx: sa.Connection, entry_id: str) -> sa.RowMapping | None:
    """Return one entry with what is known of its booking, or None."""
    query = _ROW.where(inbox.c.id == entry_id)
    return tx.execute(query).mappings().one_or_none()


def page(
    tx: sa.Connection, *, states: Collection[str], before: str | None, limit: int
) -> list[sa.RowMapping]:
    """Return the entries in these states, the newest first, older than `before`."""
    query = _ROW.where(inbox.c.state.in_(states))
    if before is not None:
        query = query.where(inbox.c.id < before)
    return list(tx.execute(query.order_by(inbox.c.id.desc()).limit(limit)).mappings())


def count_open(tx: sa.Connection, *, received_before: datetime) -> int:
    """Count the messages that have waited for a person since before this moment."""
    query = (
        sa.select(sa.func.count())
        .select_from(inbox)
        .where(inbox.c.state == InboxState.OPEN, inbox.c.received_at < received_before)
    )
    return int(tx.execute(query).scalar_one())


def last_received(tx: sa.Connection, *, channel: str, address: str) -> datetime | None:
    """Return when somebody last wrote to us over a channel; None: never."""
    query = sa.select(sa.func.max(inbox.c.received_at)).where(
        inbox.c.address == address, inbox.c.channel == channel
    )
    found: datetime | None = tx.execute(query).scalar_one_or_none()
    return found


def bookings_under(tx: sa.Connection, *, phone: str, limit: int) -> list[Booking]:
    """Return the newest bookings under a number."""
    query = (
        sa.select(bookings)
        .where(bookings.c.customer_phone == phone)
        .order_by(bookings.c.id.desc())
        .limit(limit)
    )
    return [booking_of(row) for row in tx.execute(query).mappings()]


def told_of(
    tx: sa.Connection,
    *,
    booking_ids: Sequence[str],
    channel: str,
    recipient: str,
    since: datetime,
) -> set[str]:
    """Return those of the bookings that a message to the recipient told of lately."""
    query = (
        sa.select(tasks.c.booking_id)
        .join(notifications, notifications.c.task_id == tasks.c.id)
        .where(
            tasks.c.booking_id.in_(booking_ids),
            notifications.c.channel == channel,
            notifications.c.recipient == recipient,
            notifications.c.sent_at >= since,
        )
    )
    return set(tx.execute(query).scalars())


def count_answers(
    tx: sa.Connection, *, channel: str, recipient: str, since: datetime
) -> int:
    """Count the answers that were planned to an address lately."""
    query = (
        sa.select(sa.func.count())
        .select_from(notifications)
        .join(tasks, tasks.c.id == notifications.c.task_id)
        .where(
            notifications.c.recipient == recipient,
            notifications.c.channel == channel,
            tasks.c.kind == Kind.REPLY,
            tasks.c.created_at > since,
        )
    )
    return int(tx.execute(query).scalar_one())
