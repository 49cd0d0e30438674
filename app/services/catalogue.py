"""The deeds on services: offer one, change one, find one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.domain.catalogue import Service
from app.domain.ids import new_id
from app.domain.money import Money
from app.errors import NotFoundError
from app.storage import catalogue as store
from app.storage.reminders import remind_service_anew


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a business wants to offer."""

    name: str
    duration: timedelta
    buffer: timedelta
    capacity: int
    price: Money | None
    reminders: tuple[timedelta, ...] | None
    active: bool


def create(tx: sa.Connection, wish: Wish, *, now: datetime) -> Service:
    """Save a new service."""
    service = Service(id=new_id(), created_at=now, updated_at=now, **vars(wish))
    store.insert(tx, service)
    return service


def change(
    tx: sa.Connection, service_id: str, changes: Mapping[str, Any], *, now: datetime
) -> Service:
    """Save a service with these fields changed; raise NotFoundError if it is none."""
    before = find(tx, service_id, lock=True)
    service = replace(before, updated_at=now, **changes)
    store.update(tx, service)
    if "reminders" in changes:
        remind_service_anew(tx, service_id=service.id, now=now)
    return service


def find(tx: sa.Connection, service_id: str, *, lock: bool = False) -> Service:
    """Return a service; raise NotFoundError where there is none.

    `lock`: for a change, so that nobody else changes it until this transaction ends.
    """
    service = store.find(tx, service_id, lock=lock)
    if service is None:
        raise NotFoundError("service", service_id)
    return service
