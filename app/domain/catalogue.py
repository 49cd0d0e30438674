"""What a business offers: a service with a length, a price and so many places."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.money import Money


@dataclass(frozen=True, kw_only=True)
class Service:
    """One thing that can be booked."""

    id: str
    name: str
    duration: timedelta
    #: Time after an appointment that stays free.
    buffer: timedelta
    #: How many places one moment has.
    capacity: int
    #: None: free of charge.
    price: Money | None
    #: How long before the start reminders leave; None: as the policy says.
    reminders: tuple[timedelta, ...] | None
    active: bool
    created_at: datetime
    updated_at: datetime
