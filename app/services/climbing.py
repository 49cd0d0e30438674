"""Climbs ladders: plans the next channel where the one before has not arrived in time.

The scheduler's job. It makes rows right: whatever was missed is done at the next run,
and nothing twice, since each rung is one message with a key of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.bookings import Booking
from app.domain.formats import formats_for
from app.domain.gate import BookingNow, refusal
from app.domain.kinds import Kind
from app.domain.ladders import STAFF, WAITS_BELOW, Step, climbs_at, step
from app.domain.recipients import Channel
from app.domain.tasks import Status
from app.logs import fields
from app.runtime import Runtime
from app.services import dispatch
from app.services.alerts import Alert, alert
from app.services.doubt import with_doubt
from app.services.planning import booking_plan, channels_of, insert
from app.services.silence import expecting
from app.storage import bookings, refusing
from app.storage import ladders as store

log = logging.getLogger(__name__)

#: Ladders in one transaction.
AT_ONCE = 200


def climb_ladders(runtime: Runtime) -> int:
    """Take the next step of every ladder; return how many climbed."""
    now = utc_now()
    telling = frozenset(expecting(runtime.settings))
    with runtime.database.read() as tx:
        found = store.open_ones(tx, limit=AT_ONCE)
    due = [
        (row, what)
        for row in found
        if (what := _step(runtime, row, telling, now=now)) is not Step.WAIT
        or now >= row["climb_at"]
    ]
    if not due:
        return 0

    def deed(tx: sa.Connection) -> int:
        return sum(_take(tx, runtime, row, what, now=now) for row, what in due)

    return dispatch.perform(runtime, deed)


def _step(
    runtime: Runtime, row: sa.RowMapping, telling: frozenset[str], *, now: datetime
) -> Step:
    if row["status"] is None:
        return Step.OVER  # its message was cleaned up
    return step(
        Status(row["status"]),
        tells=row["provider"] in telling,
        is_late=now >= _climbs_at(runtime, row),
    )


def _climbs_at(runtime: Runtime, row: sa.RowMapping) -> datetime:
    return climbs_at(
        row["climb_at"],
        Status(row["status"]),
        sent_at=row["sent_at"],
        next_attempt_at=row["next_attempt_at"],
        wait=runtime.policy.kinds[Kind(row["kind"])].ladder_wait,
    )


def _take(
    tx: sa.Connection,
    runtime: Runtime,
    row: sa.RowMapping,
    what: Step,
    *,
    now: datetime,
) -> bool:
    if store.find_open(tx, row["id"]) is None:
        return False
    if what is Step.WAIT:
        # It leaves later: those behind it have their turn.
        store.change(tx, row["id"], climb_at=_climbs_at(runtime, row))
        return False
    if what is Step.CLIMB and store.arrived_over(tx, ladder_id=row["id"]):
        what = Step.REACHED  # a receipt came late
    if what is not Step.CLIMB:
        store.change(tx, row["id"], state=what)
        return False
    booking = bookings.find(tx, row["booking_id"], lock=True)
    if booking is None or not _is_true(runtime, row, booking, now=now):
        store.change(tx, row["id"], state=Step.OVER)
        return False
    return _climb(tx, runtime, row, booking, now=now)


def _is_true(
    runtime: Runtime, row: sa.RowMapping, booking: Booking, *, now: datetime
) -> bool:
    """Whether the message still tells what is so, and the appointment is ahead."""
    refused = refusal(
        runtime.policy.kinds[Kind(row["kind"])],
        args=row["args"],
        booking=BookingNow(status=booking.status, start=booking.start),
        useful_until=booking.start,  # whatever its queue allows: others may be faster
        now=now,
    )
    return refused is None


def _climb(
    tx: sa.Connection,
    runtime: Runtime,
    row: sa.RowMapping,
    booking: Booking,
    *,
    now: datetime,
) -> bool:
    """Plan the next rung that leads anywhere; past the last one the ladder is over."""
    _give_up(tx, row["task_id"], now=now)
    kind = Kind(row["kind"])
    reachable = set(channels_of(runtime, booking.customer, kind))
    for number in range(row["rung"] + 1, len(row["rungs"])):
        rung = row["rungs"][number]
        if rung == STAFF:
            _ask_to_call(tx, runtime, booking, kind, now=now)
            break
        if rung in reachable and _plan(tx, runtime, row, booking, number, now=now):
            extra = fields("ladder_climbed", id=row["id"], kind=kind, channel=rung)
            log.info("Next channel goes", extra=extra)
            return True
    store.change(tx, row["id"], state="exhausted")
    return False


def _plan(
    tx: sa.Connection,
    runtime: Runtime,
    row: sa.RowMapping,
    booking: Booking,
    number: int,
    *,
    now: datetime,
) -> bool:
    kind, args = Kind(row["kind"]), row["args"]
    told: Mapping[str, Any] = args
    plan = booking_plan(
        booking,
        kind=kind,
        channel=Channel(row["rungs"][number]),
        args=told,
        occasion=row["occasion"],
        now=now,
        ladder_id=row["id"],
    )
    task_id = insert(tx, runtime, plan, now=now)
    if task_id is None:
        return False
    wait = runtime.policy.kinds[kind].ladder_wait
    store.change(tx, row["id"], rung=number, task_id=task_id, climb_at=now + wait)
    return True


def _give_up(tx: sa.Connection, task_id: str, *, now: datetime) -> None:
    """Call off a rung that has not left yet: it would come beside the next one."""
    refusing.refuse(
        tx,
        task_id=task_id,
        status=Status.SUPERSEDED,
        reason=with_doubt(WAITS_BELOW),
        now=now,
    )


def _ask_to_call(
    tx: sa.Connection, runtime: Runtime, booking: Booking, kind: Kind, *, now: datetime
) -> None:
    here = formats_for(
        locale=runtime.settings.locale, timezone=runtime.settings.timezone
    )
    when = f"{here.date(booking.start)}, {here.time(booking.start)}"
    customer = booking.customer
    told = Alert(
        key=f"call/{booking.id}/{kind}",
        subject="A customer must be called",
        text=(
            f"{customer.name} ({customer.phone or customer.email or 'no address'}) was "
            f"reached over no channel: {kind.replace('_', ' ')}, booking "
            f"{booking.reference} on {when}."
        ),
    )
    alert(tx, runtime, told, now=now)
