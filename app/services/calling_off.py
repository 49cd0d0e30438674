"""Calls off what a newer message about a booking makes untrue, and keeps that one true.

Called by `planning.py`. A move that is called off before it left was never heard of:
whatever is told next begins at the start that its customer knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.domain.bookings import Booking
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.domain.tasks import CANCELLABLE, Status
from app.runtime import Runtime
from app.services.doubt import with_doubt
from app.storage import planning

REPLACED = "A newer message about the booking replaces it."
CANCELLED = "The booking was cancelled."
IS_BACK = "The booking is back at the time that was told before."
#: The fact in which a message tells the start that its customer knows, by its kind.
_TOLD_AS = {Kind.BOOKING_RESCHEDULED: "old_start", Kind.BOOKING_CANCELLED: "start"}


def call_off_older(
    tx: sa.Connection, runtime: Runtime, booking: Booking, *, kind: Kind, now: datetime
) -> Mapping[Channel, str]:
    """Call off the unsent messages about a booking that a new one makes untrue.

    Returns by channel the start (ISO 8601) that was told before the moves among them. A
    channel is left out where none was called off, or one that had been tried: it may
    have left.
    """
    supersedes = runtime.policy.kinds[kind].supersedes
    if not supersedes:
        return {}
    is_cancelled = kind is Kind.BOOKING_CANCELLED
    called_off = planning.call_off(
        tx,
        booking_id=booking.id,
        kinds=supersedes,
        among=CANCELLABLE,
        status=Status.CANCELLED if is_cancelled else Status.SUPERSEDED,
        reason=with_doubt(CANCELLED if is_cancelled else REPLACED),
        now=now,
    )
    moves = _never_told(called_off)
    if not moves:
        return {}
    is_back = [task_id for task_id, told in moves.items() if _is_now(told, booking)]
    if kind is Kind.BOOKING_RESCHEDULED and is_back:
        planning.explain(tx, task_ids=is_back, reason=IS_BACK)
    channels = planning.channels(tx, task_ids=list(moves))
    return {Channel(channels[task_id]): told for task_id, told in moves.items()}


def corrected(
    told: Mapping[str, Any], known: str | None, *, kind: Kind
) -> Mapping[str, Any] | None:
    """Return what a message tells over a channel whose customer knows that start.

    None: nothing is left to tell, as the booking is back at that time.
    """
    if known is None or kind not in _TOLD_AS:
        return told
    if kind is Kind.BOOKING_RESCHEDULED and known == told["start"]:
        return None
    return {**told, _TOLD_AS[kind]: known}


def _never_told(called_off: Iterable[sa.RowMapping]) -> dict[str, str]:
    return {
        row["id"]: row["args"]["old_start"]
        for row in called_off
        if row["kind"] == Kind.BOOKING_RESCHEDULED
        and row["attempts"] == 0
        and "old_start" in row["args"]
    }


def _is_now(told: str, booking: Booking) -> bool:
    return datetime.fromisoformat(told) == booking.start
