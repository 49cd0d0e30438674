"""Takes the next piece of work for a worker, in one transaction with what was before.

Called as a ring is heard and as a piece of work ends. The last look before a message
leaves is here: is it still true, still useful, still wanted? Every "no" is a state with
a reason. What is taken is written down as an attempt before anybody is called.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

import sqlalchemy as sa

from app.channels.base import Message, Provider
from app.clock import utc_now
from app.domain.bookings import BookingStatus
from app.domain.circuits import patience_s, probing
from app.domain.gate import BookingNow, Refusal, refusal
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.domain.tasks import Status
from app.errors import InvalidError, WordingError
from app.logs import fields
from app.services.choosing import choose, choose_look_up
from app.services.courier import Claim, Courier, LookUp, Work, worded
from app.services.gates import Gates
from app.services.planning import CHANNEL_OFF
from app.storage import delivering, looking_up, refusing, releasing

log = logging.getLogger(__name__)

#: Rows that are refused in one transaction before somebody else has his turn.
MOST_REFUSALS = 20
#: Nobody else looks the same message up in this time; a look-up takes seconds.
LOOK_UP_TAKES_AT_MOST = timedelta(seconds=60)
_CHANNEL_OFF = Refusal(status=Status.SUPPRESSED, reason=CHANNEL_OFF)


@dataclass(kw_only=True)
class Taken:
    """What was taken, and which rows were refused on the way to it."""

    work: Work | None = None
    refused: list[tuple[str, Refusal]] = field(default_factory=list)
    #: The transaction was getting long, or somebody was faster: look again.
    again: bool = False

    def log(self) -> None:
        """Tell of each refusal, once the transaction has committed."""
        for task_id, refused in self.refused:
            extra = fields(
                "notification_not_sent",
                id=task_id,
                status=refused.status,
                reason=refused.reason,
            )
            log.info("Notification not sent", extra=extra)


def take(courier: Courier, *, heard: str | None = None) -> Taken:
    """Take the next piece of work in a transaction of its own.

    `heard`: the task that a doorbell was rung for. A bell only says "look": the task
    waits with the others again, and the most urgent one is taken.
    """
    with courier.runtime.database.write() as tx:
        now = utc_now()
        if heard is not None:
            releasing.put_back(tx, ids=[heard], now=now)
        taken = take_within(tx, courier, Gates(tx, courier.runtime, now=now))
    taken.log()
    return taken


def take_within(tx: sa.Connection, courier: Courier, gates: Gates) -> Taken:
    """Take the next piece of work in an open transaction; the caller logs."""
    taken = Taken()
    hands = courier.hands
    if not hands.looked_up_last:
        taken.work = _take_look_up(tx, courier, gates)
    if taken.work is None:
        _take_message(tx, courier, gates, taken)
    if taken.work is None and hands.looked_up_last and not taken.again:
        taken.work = _take_look_up(tx, courier, gates)
    hands.looked_up_last = isinstance(taken.work, LookUp)
    return taken


def _take_message(
    tx: sa.Connection, courier: Courier, gates: Gates, taken: Taken
) -> None:
    for _ in range(MOST_REFUSALS):
        now = utc_now()
        chosen = choose(tx, gates, worker=courier.worker, now=now, most=1)
        if not chosen:
            return
        courier.hands.task_id = chosen[0].id
        row = delivering.find(tx, task_id=chosen[0].id)
        made = None if row is None else _claimed_or_refused(tx, courier, gates, row)
        if isinstance(made, Claim):
            taken.work = made
            return
        if made is None:
            break  # somebody else was faster
        taken.refused.append((chosen[0].id, made))
    taken.again = True


def _claimed_or_refused(
    tx: sa.Connection, courier: Courier, gates: Gates, row: sa.RowMapping
) -> Claim | Refusal | None:
    """Return None where the row went on without us."""
    provider = courier.providers[Channel(row["channel"])]
    if provider is None:
        return _refused(tx, row, _CHANNEL_OFF)
    if (refused := _refusal(courier, row)) is not None:
        return _refused(tx, row, refused)
    try:
        message = worded(courier, row)
    except (WordingError, InvalidError) as error:
        return _refused(tx, row, Refusal(status=Status.DEAD, reason=str(error)))
    return _claim(tx, courier, gates, row, provider, message)


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


def _claim(
    tx: sa.Connection,
    courier: Courier,
    gates: Gates,
    row: sa.RowMapping,
    provider: Provider,
    message: Message,
) -> Claim | None:
    token = uuid4().hex
    now = utc_now()
    gate = row["channel"]
    number = delivering.claim(
        tx,
        task_id=row["id"],
        seen_revision=row["revision"],
        boot_id=courier.boot_id,
        token=token,
        attempt=delivering.Attempt(
            gate=gate, provider=provider.name, text=message.text
        ),
        now=now,
    )
    if number is None:
        return None
    circuit = gates.circuit(gate)
    if circuit is not None and circuit.is_tripped:
        gates.set_circuit(gate, probing(circuit, now=now))
    return Claim(
        row=row,
        message=message,
        provider=provider,
        token=token,
        number=number,
        within_s=patience_s(circuit),
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


def _take_look_up(tx: sa.Connection, courier: Courier, gates: Gates) -> LookUp | None:
    now = utc_now()
    task_id = choose_look_up(tx, gates, worker=courier.worker, now=now)
    row = None if task_id is None else delivering.find(tx, task_id=task_id)
    if row is None:
        return None
    courier.hands.task_id = row["id"]
    token = uuid4().hex
    is_ours = looking_up.claim_look_up(
        tx,
        task_id=row["id"],
        boot_id=courier.boot_id,
        token=token,
        now=now,
        until=now + LOOK_UP_TAKES_AT_MOST,
    )
    return _look_up(tx, courier, gates, row, token) if is_ours else None


def _look_up(
    tx: sa.Connection,
    courier: Courier,
    gates: Gates,
    row: sa.RowMapping,
    token: str,
) -> LookUp:
    attempt = looking_up.last_attempt(tx, task_id=row["id"])
    channel = Channel(row["channel"])
    provider = courier.providers[channel]
    # Whom the owner has chosen since has never heard of it: that proves nothing.
    is_his = provider is not None and provider.name == attempt.provider
    return LookUp(
        row=row,
        # The words as they were sent: the booking may have changed since.
        message=Message(
            key=row["id"],
            channel=channel,
            recipient=row["recipient"],
            text=attempt.text,
        ),
        provider=provider if is_his else None,
        provider_name=attempt.provider,
        started_at=attempt.started_at,
        token=token,
        within_s=patience_s(gates.circuit(channel)),
    )
