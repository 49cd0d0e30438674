"""Takes the next piece of work for a worker, in one transaction with what was before.

Called as a ring is heard and as a piece of work ends. What is taken is written down as
an attempt before anybody is called; what must not leave any more is refused on the way,
with a reason in plain words.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from app.clock import monotonic, utc_now
from app.domain.gate import Delay, Refusal
from app.domain.lanes import Lane
from app.domain.queues import URGENT
from app.domain.tasks import Status
from app.logs import fields
from app.services.choosing import choose, choose_look_up
from app.services.claiming import claim_message, claim_task
from app.services.courier import Courier, LookUp, MessageClaim, TaskClaim, Work
from app.services.gates import Gates
from app.services.look_ups import after_crash, claim_look_up
from app.storage import delivering, locking, releasing
from app.storage.types import Row

log = logging.getLogger(__name__)

#: Rows that are refused in one transaction before somebody else has his turn.
MOST_REFUSALS = 20
#: An idle worker that can hear answers its ring within milliseconds.
UNHEARD_FOR = timedelta(seconds=2)


@dataclass(kw_only=True)
class Taken:
    """What was taken, and which rows were refused or put off on the way to it."""

    work: Work | None = None
    refused: list[tuple[str, Refusal | Delay]] = field(default_factory=list)
    #: The transaction was getting long, or somebody was faster: look again.
    again: bool = False

    def log(self) -> None:
        """Tell of each refusal, once the transaction has committed."""
        for task_id, refused in self.refused:
            facts = {"id": task_id, "reason": refused.reason}
            if isinstance(refused, Delay):
                extra = fields("notification_waits", **facts, until=refused.until)
                log.info("Notification waits", extra=extra)
            else:
                extra = fields("notification_not_sent", **facts, status=refused.status)
                log.info("Notification not sent", extra=extra)


def take(courier: Courier, *, heard: str | None = None) -> Taken:
    """Take the next piece of work in a transaction of its own.

    `heard`: the task that a doorbell was rung for, chosen a moment ago. Where it cannot
    go on, it waits with the others again, and the most urgent one is taken.
    """
    with courier.runtime.database.write() as tx:
        now = utc_now()
        gates = Gates(tx, courier.runtime, now=now)
        taken = Taken() if heard is None else _take_heard(tx, courier, gates, heard)
        if taken.work is None and not taken.refused:
            if heard is not None:
                releasing.put_back_heard(tx, task_id=heard, now=now)
            taken = take_within(tx, courier, gates)
    taken.log()
    return taken


def look(courier: Courier) -> Taken:
    """Take the next piece of work without a ring, as none can be heard just now.

    Also what was rung for in vain: the queue server may well take rings and hand out
    none (a command is denied, a key spoiled), and nobody else would ever come for it.
    """
    with courier.runtime.database.write() as tx:
        now = utc_now()
        releasing.put_back_unheard(tx, before=now - UNHEARD_FOR, now=now)
        taken = take_within(tx, courier, Gates(tx, courier.runtime, now=now))
    taken.log()
    return taken


def take_within(tx: sa.Connection, courier: Courier, gates: Gates) -> Taken:
    """Take the next piece of work in an open transaction; the caller logs.

    For a while after a call that took long what leaves by another gate comes first.
    """
    taken = Taken()
    if resting := _resting(courier):
        _take_due(tx, courier, gates, taken, resting=resting)
    if taken.work is None and not taken.again:
        _take_in_order(tx, courier, gates, taken)
    return taken


def _resting(courier: Courier) -> Collection[str]:
    """Return the gates that let others go first just now."""
    hands = courier.hands
    return hands.slow_gates if monotonic() < hands.others_until_s else ()


def _take_in_order(
    tx: sa.Connection, courier: Courier, gates: Gates, taken: Taken
) -> None:
    hands = courier.hands
    if not hands.looked_up_last:
        _take_unknown(tx, courier, gates, taken)
    if taken.work is None:
        _take_due(tx, courier, gates, taken)
    if taken.work is None and hands.looked_up_last and not taken.again:
        _take_unknown(tx, courier, gates, taken)
    hands.looked_up_last = isinstance(taken.work, LookUp)


def _take_heard(tx: sa.Connection, courier: Courier, gates: Gates, heard: str) -> Taken:
    taken = Taken()
    gates.take_turn()
    if not locking.is_at_hand(tx, task_id=heard):
        return taken
    courier.hands.task_id = heard
    row = delivering.find(tx, task_id=heard)
    if row is None or row["status"] != Status.QUEUED:
        return taken
    lane = Lane.parse(row["lane"])
    is_resting = lane.gate in _resting(courier) and row["priority"] > URGENT
    if is_resting or not gates.lets_through(lane):
        return taken
    made = _claim(tx, courier, gates, row)
    if isinstance(made, Refusal | Delay):
        taken.refused.append((heard, made))
        taken.again = True
    else:
        taken.work = made
    return taken


def _take_due(
    tx: sa.Connection,
    courier: Courier,
    gates: Gates,
    taken: Taken,
    *,
    resting: Collection[str] = (),
) -> None:
    worker = courier.worker
    for _ in range(MOST_REFUSALS):
        now = utc_now()
        chosen = choose(tx, gates, worker=worker, now=now, most=1, resting=resting)
        if not chosen:
            return
        courier.hands.task_id = chosen[0].id
        row = delivering.find(tx, task_id=chosen[0].id)
        made = None if row is None else _claim(tx, courier, gates, row)
        if made is None:
            break  # somebody else was faster
        if not isinstance(made, Refusal | Delay):
            taken.work = made
            return
        taken.refused.append((chosen[0].id, made))
    taken.again = True


def _claim(
    tx: sa.Connection, courier: Courier, gates: Gates, row: Row
) -> MessageClaim | TaskClaim | Refusal | Delay | None:
    if row["channel"] is None:
        return claim_task(tx, courier, gates, row)
    return claim_message(tx, courier, gates, row)


def _take_unknown(
    tx: sa.Connection, courier: Courier, gates: Gates, taken: Taken
) -> None:
    now = utc_now()
    task_id = choose_look_up(tx, gates, worker=courier.worker, now=now)
    row = None if task_id is None else delivering.find(tx, task_id=task_id)
    if row is None:
        return
    courier.hands.task_id = row["id"]
    if row["channel"] is None:
        after_crash(tx, courier, row, now=now)
        taken.again = True
    else:
        taken.work = claim_look_up(tx, courier, gates, row, now=now)
