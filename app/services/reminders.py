"""Plans reminders when their moment has come, from the appointment as it is now.

Called by the scheduler every minute. Nothing is planned ahead: a booking that moves or
is cancelled has no reminder that would have to be found and changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.bookings import Booking
from app.domain.kinds import Kind
from app.runtime import Runtime
from app.services import dispatch
from app.services.planning import plan_for_booking
from app.storage import bookings as store
from app.storage import catalogue

#: Bookings reminded of in one transaction: no other one waits for a whole morning's.
AT_ONCE = 50


def plan_due_reminders(runtime: Runtime) -> int:
    """Plan every reminder that is due and not planned yet; return how many messages."""
    now = utc_now()
    with runtime.database.read() as tx:
        due = _due(tx, runtime, now=now)
    planned = 0
    for first in range(0, len(due), AT_ONCE):
        some = due[first : first + AT_ONCE]
        planned += dispatch.perform(
            runtime, partial(_plan_all, runtime=runtime, due=some, now=now)
        )
    return planned


def due_rung(
    booking: Booking, rungs: Sequence[timedelta], *, now: datetime
) -> timedelta | None:
    """Return the reminder that is due: the latest whose moment has come.

    After a night without power only the nearest one is sent, not all that were missed.
    A moment that lay before the confirmation, or before the last move, is none: who
    books two hours ahead has just been told.
    """
    passed = [
        before
        for before in rungs
        if (booking.told_at or booking.created_at) < booking.start - before <= now
    ]
    return min(passed, default=None)


@dataclass(frozen=True, kw_only=True)
class _Due:
    booking_id: str
    occasion: str


def _due(tx: sa.Connection, runtime: Runtime, *, now: datetime) -> list[_Due]:
    usual = runtime.policy.kinds[Kind.BOOKING_REMINDER].send_before
    own = catalogue.own_reminders(tx)
    longest = max(
        (rung for rungs in (usual, *own.values()) for rung in rungs), default=None
    )
    if longest is None:
        return []
    due = []
    for booking in store.starting(tx, window=(now, now + longest)):
        rung = due_rung(booking, own.get(booking.service_id, usual), now=now)
        if rung is None:
            continue
        occasion = f"{rung // timedelta(minutes=1)}m before {booking.start.isoformat()}"
        if booking.reminded != occasion:
            due.append(_Due(booking_id=booking.id, occasion=occasion))
    return due


def _plan_all(
    tx: sa.Connection, runtime: Runtime, due: Sequence[_Due], *, now: datetime
) -> int:
    return sum(_plan(tx, runtime, one, now=now) for one in due)


def _plan(tx: sa.Connection, runtime: Runtime, due: _Due, *, now: datetime) -> int:
    booking = store.find(tx, due.booking_id, lock=True)
    if booking is None or booking.reminded == due.occasion:
        return 0
    store.note_reminder(tx, booking_id=booking.id, occasion=due.occasion)
    planned = plan_for_booking(
        tx,
        runtime,
        booking,
        kind=Kind.BOOKING_REMINDER,
        now=now,
        occasion=due.occasion,
    )
    return len(planned)
