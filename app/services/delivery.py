"""Delivers one message: reads all, asks the gate, writes the attempt, calls, records.

Called by the actor `run` with an id, any number of times for the same one. The steps:

1. read the task, its booking and its facts (nothing is locked);
2. ask the gate whether it may still leave, and word it;
3. claim it and write the attempt down, in one commit, unless something has changed;
4. call the provider, with no transaction open;
5. record the outcome, if the claim is still ours, and release what is due next.
"""

from __future__ import annotations

import logging
import time
from uuid import uuid4

import sqlalchemy as sa

from app.channels.base import Message, Provider
from app.clock import utc_now
from app.domain.bookings import BookingStatus
from app.domain.gate import BookingNow, Refusal, refusal
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.domain.tasks import Status
from app.errors import InvalidError, WordingError
from app.logs import fields
from app.services import dispatch
from app.services.courier import Answer, Claim, Courier, worded
from app.services.lookup import look_up
from app.services.planning import CHANNEL_OFF
from app.services.recording import record
from app.storage import delivering, refusing

log = logging.getLogger(__name__)

#: How often a task is read anew because its booking changed before it was claimed.
MOST_READINGS = 3
_CHANNEL_OFF = Refusal(status=Status.SUPPRESSED, reason=CHANNEL_OFF)


def deliver(courier: Courier, task_id: str) -> None:
    """Deliver the task if it is queued; look it up if its outcome is unknown."""
    for _ in range(MOST_READINGS):
        with courier.runtime.database.read() as tx:
            row = delivering.find(tx, task_id=task_id)
        if row is None:
            return  # cleaned up, or its transaction was rolled back
        if row["status"] == Status.UNKNOWN:
            look_up(courier, row)
            return
        if row["status"] != Status.QUEUED:
            return  # a doubled doorbell, or called off meanwhile
        if _deliver_queued(courier, row):
            return


def _deliver_queued(courier: Courier, row: sa.RowMapping) -> bool:
    """Return False where the booking changed under our eyes: read it anew."""
    provider = courier.providers[Channel(row["channel"])]
    if provider is None:
        return _refuse(courier, row, _CHANNEL_OFF)
    refused = _refusal(courier, row)
    if refused is not None:
        return _refuse(courier, row, refused)
    try:
        message = worded(courier, row)
    except (WordingError, InvalidError) as error:
        return _refuse(courier, row, Refusal(status=Status.DEAD, reason=str(error)))
    return _send(courier, row, provider, message)


def _refusal(courier: Courier, row: sa.RowMapping) -> Refusal | None:
    booking = None
    if row["booking_status"] is not None:
        status = BookingStatus(row["booking_status"])
        booking = BookingNow(status=status, start=row["start"])
    return refusal(
        courier.runtime.policy.kinds[Kind(row["kind"])],
        args=row["args"],
        booking=booking,
        useful_until=row["useful_until"],
        now=utc_now(),
    )


def _send(
    courier: Courier, row: sa.RowMapping, provider: Provider, message: Message
) -> bool:
    token = uuid4().hex
    with courier.runtime.database.write() as tx:
        number = delivering.claim(
            tx,
            task_id=row["id"],
            seen_revision=row["revision"],
            boot_id=courier.boot_id,
            token=token,
            attempt=delivering.Attempt(
                gate=row["channel"], provider=provider.name, text=message.text
            ),
            now=utc_now(),
        )
        if number is None:
            return _step_aside(tx, row)
    claim = Claim(row=row, provider=provider.name, token=token, number=number)
    began = time.monotonic()
    outcome = provider.send(message)
    took_s = time.monotonic() - began
    record(courier, Answer(claim=claim, outcome=outcome, at=utc_now(), took_s=took_s))
    return True


def _step_aside(tx: sa.Connection, row: sa.RowMapping) -> bool:
    """Return True if this doorbell has nothing more to say."""
    latest = delivering.find(tx, task_id=row["id"])
    if latest is None or latest["status"] != Status.QUEUED:
        return True
    if latest["revision"] != row["revision"]:
        return False
    now = utc_now()
    to = {
        "status": Status.PENDING,
        "reason": "An earlier message to the same recipient goes first.",
        "next_attempt_at": latest["next_attempt_at"],
        "finished_at": None,
        "now": now,
    }
    refusing.refuse(tx, task_id=row["id"], to=to)
    return True


def _refuse(courier: Courier, row: sa.RowMapping, refused: Refusal) -> bool:
    now = utc_now()
    to = {
        "status": refused.status,
        "reason": refused.reason,
        "next_attempt_at": None,
        "finished_at": now,
        "now": now,
    }
    with courier.runtime.database.write() as tx:
        was_queued = refusing.refuse(tx, task_id=row["id"], to=to)
        rungs = dispatch.release_within(tx, courier.runtime)
    dispatch.ring(courier.runtime, rungs)
    if was_queued:
        log.info(
            "Notification not sent",
            extra=fields(
                "notification_not_sent",
                id=row["id"],
                status=refused.status,
                reason=refused.reason,
            ),
        )
    return True
