"""What providers tell of messages later: kept first, matched at once or a moment later.

Called by the webhooks, and by the scheduler for what could not be matched yet: a
receipt may be here before the worker has written down that it sent the message.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.consent import Scope, scope_of_refusal
from app.domain.ids import new_id
from app.domain.outcomes import Result
from app.domain.receipts import Following, Receipt, Stage, following
from app.domain.recipients import Channel
from app.domain.tasks import Status
from app.logs import fields
from app.runtime import Runtime
from app.services import consent, costs, dispatch
from app.storage import erasing, ladders
from app.storage import receipts as store

log = logging.getLogger(__name__)

#: Pauses between two looks for a receipt's message: short at first, since the worker
#: writes its attempt down within the second.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(hours=1)
#: What no message was found for in this time is about none of ours.
LOOKED_FOR = timedelta(hours=72)
#: Of a message in these it was known before that the provider had taken it.
_TAKEN = frozenset({Status.SENT, Status.DELIVERED, Status.UNDELIVERED})
#: Receipts in one transaction: nobody waits for the rest.
AT_ONCE = 50


class EventState(StrEnum):
    """Where an event stands."""

    NEW = "new"  # its message is not found, or not written down yet
    APPLIED = "applied"  # it has moved its message on
    IGNORED = "ignored"  # it told nothing new, or nothing of ours


def take_receipt(
    tx: sa.Connection, runtime: Runtime, receipt: Receipt, *, body: str, now: datetime
) -> EventState | None:
    """Keep a receipt and do what follows; None where it was brought before.

    Through `dispatch.perform`: what waited for the message may leave now.
    """
    event_id = new_id()
    row = {
        "id": event_id,
        "provider": receipt.provider,
        "event_id": receipt.event_id,
        "kind": "receipt",
        "received_at": now,
        "body": body,
        "facts": asdict(receipt),
        "state": EventState.NEW,
        "task_id": None,
        "next_look_at": now + FIRST_PAUSE,
        "looks": 0,
    }
    if not store.keep(tx, row):
        return None
    return _apply(tx, runtime, event_id, receipt, now=now)


def match_receipts(runtime: Runtime) -> int:
    """Look again for the messages of receipts that came early; return how many fit."""
    now = utc_now()
    with runtime.database.read() as tx:
        waiting = store.due(tx, now=now, limit=AT_ONCE)
    if not waiting:
        return 0

    def deed(tx: sa.Connection) -> int:
        return sum(_look_again(tx, runtime, event, now=now) for event in waiting)

    return dispatch.perform(runtime, deed)


def _look_again(
    tx: sa.Connection, runtime: Runtime, event: sa.RowMapping, *, now: datetime
) -> bool:
    receipt = _read(event["facts"])
    state = _apply(tx, runtime, event["id"], receipt, now=now)
    if state is not EventState.NEW:
        return state is EventState.APPLIED
    if now - event["received_at"] > LOOKED_FOR:
        store.change(tx, event["id"], state=EventState.IGNORED, next_look_at=None)
        return False
    pause = min(FIRST_PAUSE * 2 ** min(event["looks"], 20), LONGEST_PAUSE)
    looks = event["looks"] + 1
    store.change(tx, event["id"], next_look_at=now + pause, looks=looks)
    return False


def _apply(
    tx: sa.Connection,
    runtime: Runtime,
    event_id: str,
    receipt: Receipt,
    *,
    now: datetime,
) -> EventState:
    found = store.find_message(
        tx,
        key=receipt.key,
        provider=receipt.provider,
        provider_message_id=receipt.provider_message_id,
    )
    if found is None:
        return EventState.NEW
    if not found["recipient"]:
        return _forget(tx, event_id, found)
    return _apply_to(tx, runtime, found, event_id, receipt, now=now)


def _apply_to(
    tx: sa.Connection,
    runtime: Runtime,
    found: sa.RowMapping,
    event_id: str,
    receipt: Receipt,
    *,
    now: datetime,
) -> EventState:
    follows = _following(found, receipt)
    if follows is Following.WAIT:
        return EventState.NEW
    _learn(tx, runtime, found, receipt, now=now)
    state = EventState.IGNORED
    if isinstance(follows, Status):
        if not _move(tx, found, receipt, follows, now=now):
            return EventState.NEW  # it has moved on just now
        if found["status"] not in _TAKEN:
            costs.note_later(tx, runtime, found["id"], now=now)
        if follows is Status.UNDELIVERED:
            ladders.reopen(tx, task_id=found["id"])
        state = EventState.APPLIED
    if receipt.is_free:
        costs.take_off(tx, runtime, found["id"])
    store.change(tx, event_id, state=state, task_id=found["id"], next_look_at=None)
    return state


def _forget(tx: sa.Connection, event_id: str, found: sa.RowMapping) -> EventState:
    """Keep nothing of what is told of a customer who was erased."""
    erasing.forget_events(tx, [event_id])
    state = EventState.IGNORED
    store.change(tx, event_id, state=state, task_id=found["id"])
    return state


def _following(found: sa.RowMapping, receipt: Receipt) -> Status | Following:
    known = found["provider_message_id"]
    is_earlier_copy = known is not None and known != receipt.provider_message_id
    if receipt.stage is Stage.FAILED and is_earlier_copy:
        return Following.NOTHING  # it was sent once more since
    return following(Status(found["status"]), receipt.stage, attempts=found["attempts"])


def _move(
    tx: sa.Connection,
    found: sa.RowMapping,
    receipt: Receipt,
    status: Status,
    *,
    now: datetime,
) -> bool:
    moved = store.move(
        tx,
        task_id=found["id"],
        seen=found["status"],
        status=status,
        reason=receipt.reason if status is Status.UNDELIVERED else "",
        now=now,
    )
    if not moved:
        return False
    store.note(
        tx,
        task_id=found["id"],
        provider=receipt.provider,
        provider_message_id=receipt.provider_message_id,
        now=now,
        delivered=status is Status.DELIVERED,
    )
    extra = fields(
        "receipt_taken",
        id=found["id"],
        provider=receipt.provider,
        status=status,
        code=receipt.code,
    )
    log.info("Receipt taken", extra=extra)
    return True


def _learn(
    tx: sa.Connection,
    runtime: Runtime,
    found: sa.RowMapping,
    receipt: Receipt,
    *,
    now: datetime,
) -> None:
    """Send nothing more to an address of which the provider says that it is no use."""
    channel = Channel(found["channel"])
    bounced = receipt.result is Result.PERMANENT_RECIPIENT and channel is Channel.EMAIL
    if receipt.result is not Result.SUPPRESSED and not bounced:
        return
    # Who complains has the e-mail; what must be known is still sent.
    complained = receipt.stage is Stage.DELIVERED
    scope = scope_of_refusal(receipt.provider, receipt.code)
    consent.note_provider_refusal(
        tx,
        runtime,
        channel=channel,
        address=found["recipient"],
        provider=receipt.provider,
        reason=receipt.reason,
        now=now,
        scope=Scope.NONESSENTIAL if complained else scope,
        evidence=found["id"],
    )


def _read(facts: dict[str, Any]) -> Receipt:
    result = facts["result"]
    return Receipt(
        **{
            **facts,
            "stage": Stage(facts["stage"]),
            "result": Result(result) if result else None,
        }
    )
