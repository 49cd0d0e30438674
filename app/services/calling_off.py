"""Calls off what a newer message about a booking makes untrue, and keeps that one true.

Called by `planning.py`. A move that never left was never heard of: whatever is told
next begins at the start that its customer knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.domain.bookings import Booking
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.domain.tasks import CANCELLABLE, Status
from app.runtime import Runtime
from app.services.doubt import with_doubt
from app.storage import planning, told

REPLACED = "A newer message about the booking replaces it."
CANCELLED = "The booking was cancelled."
IS_BACK = "The booking is back at the time that was told before."
#: The fact in which a message tells the start that its customer knows, by its kind.
_TOLD_AS = {Kind.BOOKING_RESCHEDULED: "old_start", Kind.BOOKING_CANCELLED: "start"}
#: Who reads one of these knows when the booking begins.
_TELL_START = {Kind.BOOKING_CONFIRMED, Kind.BOOKING_RESCHEDULED}
#: It has arrived, as far as anybody knows, or nobody has given it up.
_IS_TOLD = {Status.SENT, Status.DELIVERED, Status.SENDING, Status.UNKNOWN}


@dataclass(frozen=True, kw_only=True)
class Told:
    """A message that tells when a booking begins."""

    channel: Channel
    start: datetime
    status: Status
    #: Whether a provider took it, or nobody knows.
    may_have_left: bool


def call_off_older(
    tx: sa.Connection, runtime: Runtime, booking: Booking, *, kind: Kind, now: datetime
) -> Sequence[str]:
    """Call off the unsent messages about a booking that a new one makes untrue.

    Returns the ids of those that told of a move.
    """
    supersedes = runtime.policy.kinds[kind].supersedes
    if not supersedes:
        return []
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
    moved = Kind.BOOKING_RESCHEDULED
    return [row.id for row in called_off if row.kind == moved]


def history(tx: sa.Connection, booking: Booking, *, kind: Kind) -> list[Told]:
    """Return what tells the booking's start, the newest first; empty: it is not asked.

    Asked after `call_off_older`, for a message whose words depend on it.
    """
    if kind not in _TOLD_AS:
        return []
    rows = told.messages(tx, booking_id=booking.id, kinds=_TELL_START)
    return [
        Told(
            channel=Channel(row["channel"]),
            start=datetime.fromisoformat(row["args"]["start"]),
            status=Status(row["status"]),
            may_have_left=row["may_have"],
        )
        for row in rows
        if "start" in row["args"]  # a site that words its own tells what it likes
    ]


def corrected(
    facts: Mapping[str, Any], known: Sequence[Told], *, kind: Kind
) -> Mapping[str, Any] | None:
    """Return a message's facts with the start that its customer knows.

    `known`: the history of the channels that count. None: nothing is left to tell, as
    the booking is back at the time that was told, or that a waiting message will tell.
    """
    if kind not in _TOLD_AS:
        return facts
    heard = next((one for one in known if one.may_have_left), None)
    if kind is Kind.BOOKING_RESCHEDULED:
        start = datetime.fromisoformat(facts["start"])
        if _is_known(start, heard, known):
            return None
        if heard is not None and heard.start == start:
            return facts  # it told this time, and never arrived
    if heard is None:
        return facts
    return {**facts, _TOLD_AS[kind]: heard.start.isoformat()}


def _is_known(start: datetime, heard: Told | None, known: Sequence[Told]) -> bool:
    if heard is not None:
        return heard.start == start and heard.status in _IS_TOLD
    return any(one.start == start and one.status in CANCELLABLE for one in known)
