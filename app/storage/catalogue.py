"""The SQL of the services on offer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.domain.catalogue import Service
from app.domain.money import Money
from app.storage.tables import services


def insert(tx: sa.Connection, service: Service) -> None:
    """Save a new service."""
    tx.execute(sa.insert(services), [_row(service)])


def update(tx: sa.Connection, service: Service) -> None:
    """Save a service as it is now."""
    tx.execute(
        sa.update(services).where(services.c.id == service.id).values(_row(service))
    )


def find(tx: sa.Connection, service_id: str, *, lock: bool = False) -> Service | None:
    """Return a service, or None; `lock` keeps others from taking its places meanwhile.

    SQLite has one writer at a time and needs no such lock; there it does nothing.
    """
    query = sa.select(services).where(services.c.id == service_id)
    if lock:
        query = query.with_for_update(key_share=True)
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else _service(row)


def page(tx: sa.Connection, *, after: str | None, limit: int) -> list[Service]:
    """Return services by id, at most `limit`, after the id `after`."""
    query = sa.select(services).order_by(services.c.id).limit(limit)
    if after is not None:
        query = query.where(services.c.id > after)
    return [_service(row) for row in tx.execute(query).mappings()]


def own_reminders(tx: sa.Connection) -> dict[str, tuple[timedelta, ...]]:
    """Return the reminders of each service that has its own."""
    query = sa.select(services).where(services.c.reminders.is_not(sa.null()))
    found = map(_service, tx.execute(query).mappings())
    return {s.id: s.reminders for s in found if s.reminders is not None}


def _row(service: Service) -> dict[str, Any]:
    minute = timedelta(minutes=1)
    return {
        "id": service.id,
        "name": service.name,
        "duration_minutes": service.duration // minute,
        "buffer_minutes": service.buffer // minute,
        "capacity": service.capacity,
        "price_amount": service.price.amount if service.price else None,
        "price_currency": service.price.currency if service.price else None,
        "reminders": None
        if service.reminders is None
        else [before // minute for before in service.reminders],
        "active": service.active,
        "created_at": service.created_at,
        "updated_at": service.updated_at,
    }


def _service(row: sa.RowMapping) -> Service:
    amount = row["price_amount"]
    reminders = row["reminders"]
    return Service(
        id=row["id"],
        name=row["name"],
        duration=timedelta(minutes=row["duration_minutes"]),
        buffer=timedelta(minutes=row["buffer_minutes"]),
        capacity=row["capacity"],
        price=None if amount is None else Money(amount, row["price_currency"]),
        reminders=None
        if reminders is None
        else tuple(timedelta(minutes=minutes) for minutes in reminders),
        active=row["active"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
