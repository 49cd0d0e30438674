"""Tells what has happened to the tasks that subscribe to it, in the same transaction.

Called by the deeds on bookings and by tasks of one's own. What an event tells are ids,
times and amounts: no names and no addresses, which would outlive their booking.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.domain.bookings import Booking
from app.domain.events import Event, check_name
from app.errors import InvalidError, Problem
from app.runtime import Runtime
from app.services import own_tasks
from app.work.arguments import as_json
from app.work.kinds import Wish


def emit(
    tx: sa.Connection,
    runtime: Runtime,
    name: str,
    payload: Mapping[str, Any],
    *,
    now: datetime,
) -> list[str]:
    """Plan a task for every kind that subscribes to the event; return their ids.

    Each gets those facts that its function has arguments for. One that lacks some
    becomes a dead task with the reason, and never an error for whom it happened to.
    """
    try:
        facts = {**payload, "event": check_name(name)}
    except ValueError as error:
        raise InvalidError([Problem("event", str(error))]) from None
    as_json(dict(payload), field="payload")
    wishes = [
        Wish(kind=kind, args={k: facts[k] for k in kind.arguments.names if k in facts})
        for kind in runtime.registry.subscribers(name)
    ]
    return list(own_tasks.plan(tx, runtime, wishes, now=now).values())


def tell(
    tx: sa.Connection,
    runtime: Runtime,
    event: Event,
    booking: Booking,
    *,
    now: datetime,
    **more: Any,
) -> None:
    """Tell what has happened to a booking."""
    if not runtime.registry.subscribers(event):
        return
    facts = {
        "booking_id": booking.id,
        "reference": booking.reference,
        "service_id": booking.service_id,
        "status": booking.status,
        "start": booking.start,
        "end": booking.end,
        "party_size": booking.party_size,
        "amount": booking.price.amount,
        "currency": booking.price.currency,
    }
    emit(tx, runtime, event, {**facts, **more}, now=now)
