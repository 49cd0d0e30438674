"""Claims one row for a worker, or refuses it: the last look before a task is done.

Called by `taking.py` in its transaction. Is it still true, still useful, still wanted?
Every "no" is a state with a reason. The attempt is written down before the call.
"""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa

from app.channels.base import Message, Provider
from app.clock import utc_now
from app.domain.bookings import BookingStatus
from app.domain.gate import TOO_LATE, BookingNow, Refusal, refusal, too_late
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.domain.tasks import Status
from app.errors import InvalidError, WordingError
from app.services.circuits import begin_call
from app.services.courier import Courier, MessageClaim, TaskClaim, worded
from app.services.gates import Gates
from app.services.planning import CHANNEL_OFF
from app.services.running import finish, prepare
from app.storage import delivering, refusing
from app.storage.delivering import Attempt

_CHANNEL_OFF = Refusal(status=Status.SUPPRESSED, reason=CHANNEL_OFF)


def claim_message(
    tx: sa.Connection, courier: Courier, gates: Gates, row: sa.RowMapping
) -> MessageClaim | Refusal | None:
    """Claim a message (row of `delivering.find`); None: somebody else was faster."""
    provider = courier.providers[Channel(row["channel"])]
    if provider is None:
        return _refused(tx, row, _CHANNEL_OFF)
    if (refused := _untrue(courier, row)) is not None:
        refused = _too_late(gates, row) if refused is TOO_LATE else refused
        return _refused(tx, row, refused)
    try:
        message = worded(courier, row)
    except (WordingError, InvalidError) as error:
        return _refused(tx, row, Refusal(status=Status.DEAD, reason=str(error)))
    return _claimed_message(tx, courier, gates, row, provider, message)


def claim_task(
    tx: sa.Connection, courier: Courier, gates: Gates, row: sa.RowMapping
) -> TaskClaim | Refusal | None:
    """Claim one of the owner's own tasks; None: somebody else was faster."""
    runtime = courier.runtime
    is_late = utc_now() >= row["useful_until"]
    prepared = _too_late(gates, row) if is_late else prepare(runtime, dict(row))
    if isinstance(prepared, Refusal):
        refused = _refused(tx, row, prepared)
        finish(tx, runtime, row["id"], now=utc_now(), in_turn=True)
        return refused
    token = uuid4().hex
    attempt = Attempt(gate=row["queue"], provider="", text="")
    number = _attempt(tx, courier, row, token, attempt)
    if number is None:
        return None
    policy = prepared.kind.policy(gates.policy(row["queue"]))
    return TaskClaim(
        row=row, token=token, number=number, prepared=prepared, policy=policy
    )


def _untrue(courier: Courier, row: sa.RowMapping) -> Refusal | None:
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


def _too_late(gates: Gates, row: sa.RowMapping) -> Refusal:
    ttl = gates.policy(row["queue"]).ttl
    return too_late(ttl, due_at=row["due_at"], useful_until=row["useful_until"])


def _claimed_message(
    tx: sa.Connection,
    courier: Courier,
    gates: Gates,
    row: sa.RowMapping,
    provider: Provider,
    message: Message,
) -> MessageClaim | None:
    token, gate = uuid4().hex, row["channel"]
    attempt = Attempt(gate=gate, provider=provider.name, text=message.text)
    number = _attempt(tx, courier, row, token, attempt)
    if number is None:
        return None
    terms = begin_call(gates, gate)
    return MessageClaim(
        row=row,
        policy=gates.policy(row["queue"]),
        token=token,
        number=number,
        message=message,
        provider=provider,
        within_s=terms.within_s,
        is_probe=terms.is_probe,
    )


def _attempt(
    tx: sa.Connection,
    courier: Courier,
    row: sa.RowMapping,
    token: str,
    attempt: Attempt,
) -> int | None:
    return delivering.claim(
        tx,
        task_id=row["id"],
        seen_revision=row["revision"],
        boot_id=courier.boot_id,
        token=token,
        attempt=attempt,
        now=utc_now(),
    )


def _refused(tx: sa.Connection, row: sa.RowMapping, refused: Refusal) -> Refusal | None:
    now = utc_now()
    to = {
        "status": refused.status,
        "reason": refused.reason,
        "next_attempt_at": None,
        "finished_at": now,
        "now": now,
    }
    return refused if refusing.refuse(tx, task_id=row["id"], to=to) else None
