"""Claims one row for a worker, or refuses it: the last look before a task is done.

Called by `taking.py` in its transaction. What is asked of a message stands in
`last_look.py`. The attempt is written down before the call.
"""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa

from app.channels.base import Message
from app.clock import utc_now
from app.domain.gate import Delay, Refusal
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.domain.tasks import Status
from app.errors import InvalidError, WordingError
from app.services.circuits import begin_call, terms_of_call
from app.services.courier import Courier, MessageClaim, TaskClaim, worded
from app.services.doubt import with_doubt
from app.services.gates import Gates
from app.services.last_look import Look, bound_to, is_late, last_look
from app.services.running import finish, prepare
from app.storage import delivering, refusing
from app.storage.delivering import Attempt
from app.storage.tables import NO_PROVIDER
from app.storage.types import Row


def claim_message(
    tx: sa.Connection, courier: Courier, gates: Gates, row: Row
) -> MessageClaim | Refusal | Delay | None:
    """Claim a message (row of `delivering.find`); None: somebody else was faster."""
    look = Look(tx=tx, courier=courier, gates=gates, row=row, now=utc_now())
    answer = last_look(look)
    if isinstance(answer, Refusal):
        return _refused(tx, row, answer)
    if isinstance(answer, Delay):
        return _delayed(tx, row, answer)
    try:
        message = worded(tx, courier, row)
    except (WordingError, InvalidError) as error:
        return _refused(tx, row, Refusal(status=Status.DEAD, reason=str(error)))
    return _claimed_message(tx, courier, gates, row, message)


def claim_task(
    tx: sa.Connection, courier: Courier, gates: Gates, row: Row
) -> TaskClaim | Refusal | None:
    """Claim one of the owner's own tasks; None: somebody else was faster."""
    runtime = courier.runtime
    has_passed = utc_now() >= row["useful_until"]
    prepared = is_late(gates, row) if has_passed else prepare(runtime, dict(row))
    if isinstance(prepared, Refusal):
        refused = _refused(tx, row, prepared)
        finish(tx, runtime, row["id"], now=utc_now(), in_turn=True)
        return refused
    token = uuid4().hex
    attempt = Attempt(gate=row["queue"], provider=NO_PROVIDER, text="")
    number = _attempt(tx, courier, row, token, attempt)
    if number is None:
        return None
    policy = prepared.kind.policy(gates.policy(row["queue"]))
    return TaskClaim(
        row=row, token=token, number=number, prepared=prepared, policy=policy
    )


def _claimed_message(
    tx: sa.Connection,
    courier: Courier,
    gates: Gates,
    row: Row,
    message: Message,
) -> MessageClaim | None:
    token, gate = uuid4().hex, row["channel"]
    terms = terms_of_call(gates, gate, provider=bound_to(tx, gates, row))
    channel = Channel(gate)
    provider = courier.carrier(channel, terms.called)
    is_secret = courier.runtime.policy.kinds[Kind(row["kind"])].is_secret
    text = "" if is_secret else message.text
    attempt = Attempt(gate=gate, provider=provider.name, text=text)
    number = _attempt(tx, courier, row, token, attempt)
    if number is None:
        return None
    begin_call(gates, gate, terms)
    policy = gates.policy(row["queue"])
    return MessageClaim(
        row=row,
        policy=policy,
        token=token,
        number=number,
        message=message,
        provider=provider,
        called=terms.called,
        # The call ends by itself then, and says what became of the message.
        within_s=min(terms.within_s, policy.soft_time_limit.total_seconds()),
        is_probe=terms.is_probe,
    )


def _attempt(
    tx: sa.Connection,
    courier: Courier,
    row: Row,
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


def _refused(tx: sa.Connection, row: Row, refused: Refusal) -> Refusal | None:
    waited = refusing.refuse(
        tx,
        task_id=row["id"],
        status=refused.status,
        reason=with_doubt(refused.reason),
        now=utc_now(),
    )
    return refused if waited else None


def _delayed(tx: sa.Connection, row: Row, delay: Delay) -> Delay | None:
    waits = refusing.delay(
        tx,
        task_id=row["id"],
        reason=delay.reason,
        now=utc_now(),
        until=delay.until,
    )
    return delay if waits else None
