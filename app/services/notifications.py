"""The deeds on notifications that people ask for: send, retry, cancel, one or many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.domain.facts import read_facts
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.domain.tasks import CANCELLABLE, Status
from app.errors import ConflictError, InvalidError, NotFoundError, Problem
from app.runtime import Runtime
from app.services.facts import SITE_DATA
from app.services.planning import Plan, insert
from app.storage import bookings, messages, planning
from app.storage.messages import Filter

#: What a person may try again: failed for now, or given up.
RETRYABLE = frozenset({Status.FAILED, Status.DEAD})
#: Messages that one bulk request moves at most; the answer tells how many matched.
BULK_LIMIT = 10_000
_BULK_PAGE = 500
CANCELLED_BY_HAND = "Cancelled by hand."


@dataclass(frozen=True, kw_only=True)
class Order:
    """A message that a site wants sent; addresses are in their normal form."""

    kind: Kind
    channels: Sequence[Channel]
    email: str | None
    phone: str | None
    name: str
    locale: str | None
    data: Mapping[str, Any]
    priority: int | None
    send_at: datetime | None
    useful_until: datetime | None
    dedupe_key: str | None
    booking_id: str | None


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A message that a bulk deed left alone, and why."""

    id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class BulkResult:
    """What a bulk deed did: messages that matched, were moved, were left alone."""

    matched: int
    done: int
    skipped: Sequence[Skipped]


def send(
    tx: sa.Connection, runtime: Runtime, order: Order, *, now: datetime
) -> list[sa.RowMapping]:
    """Plan an order's messages, one a channel; the same dedupe key plans nothing new.

    Raises InvalidError with every bad field.
    """
    _check(tx, runtime, order, now=now)
    ids = [_send_on(tx, runtime, order, channel, now=now) for channel in order.channels]
    return messages.find_many(tx, ids)


def retry(tx: sa.Connection, task_id: str, *, now: datetime) -> sa.RowMapping:
    """Try a message again from the start of its quick retries.

    Raises ConflictError where its state or its usefulness does not allow that.
    """
    row = find(tx, task_id)
    _check_retry(row, now)
    to = {
        "status": Status.RETRYING,
        "reason": "",
        "quick_tries": 0,
        "rounds": 0,
        "resends": 0,
        "next_attempt_at": now,
        "finished_at": None,
        "updated_at": now,
    }
    if not messages.move(tx, task_id, among=RETRYABLE, to=to):
        raise ConflictError("The message has changed just now; look at it again.")
    return find(tx, task_id)


def cancel(tx: sa.Connection, task_id: str, *, now: datetime) -> sa.RowMapping:
    """Call a message off; raise ConflictError where it is too late."""
    row = find(tx, task_id)
    to = {
        "status": Status.CANCELLED,
        "reason": CANCELLED_BY_HAND,
        "next_attempt_at": None,
        "finished_at": now,
        "updated_at": now,
    }
    if not messages.move(tx, task_id, among=CANCELLABLE, to=to):
        raise ConflictError(_too_late(Status(row["status"])))
    return find(tx, task_id)


Deed = Callable[..., sa.RowMapping]


def for_all(
    tx: sa.Connection, chosen: Filter, deed: Deed, *, now: datetime
) -> BulkResult:
    """Do `retry` or `cancel` to every message that the filter chooses."""
    matched = done = 0
    skipped: list[Skipped] = []
    after: int | None = None
    while matched < BULK_LIMIT:
        rows = messages.page(tx, chosen, after=after, limit=_BULK_PAGE)
        for row in rows:
            try:
                deed(tx, row["id"], now=now)
            except ConflictError as error:
                skipped.append(Skipped(id=row["id"], reason=str(error)))
            else:
                done += 1
        matched += len(rows)
        if len(rows) < _BULK_PAGE:
            break
        after = rows[-1]["seq"]
    return BulkResult(matched=matched, done=done, skipped=skipped)


def find(tx: sa.Connection, task_id: str) -> sa.RowMapping:
    """Return a message; raise NotFoundError where there is none."""
    row = messages.find(tx, task_id)
    if row is None:
        raise NotFoundError("notification", task_id)
    return row


def _check(tx: sa.Connection, runtime: Runtime, order: Order, *, now: datetime) -> None:
    problems = []
    for channel in order.channels:
        field = "email" if channel is Channel.EMAIL else "phone"
        if not getattr(order, field):
            problems.append(Problem(f"to.{field}", f"is needed for {channel}"))
    if order.useful_until is not None and order.useful_until <= (order.send_at or now):
        message = "is before the message could leave"
        problems.append(Problem("useful_until", message))
    if order.booking_id is not None and bookings.find(tx, order.booking_id) is None:
        problems.append(Problem("booking_id", "there is no such booking"))
    try:
        read_facts(
            order.kind,
            order.data,
            business_name=runtime.settings.business_name,
            customer_name=order.name,
        )
    except InvalidError as error:
        problems += error.problems
    if problems:
        raise InvalidError(problems)


def _send_on(
    tx: sa.Connection,
    runtime: Runtime,
    order: Order,
    channel: Channel,
    *,
    now: datetime,
) -> str:
    key = f"{channel}/{order.dedupe_key}" if order.dedupe_key else None
    recipient = order.email if channel is Channel.EMAIL else order.phone
    plan = Plan(
        kind=order.kind,
        channel=channel,
        recipient=recipient or "",
        recipient_name=order.name,
        locale=order.locale,
        args={SITE_DATA: dict(order.data)},
        booking_id=order.booking_id,
        dedupe_key=key,
        priority=order.priority,
        due_at=order.send_at,
        useful_until=order.useful_until,
    )
    task_id = insert(tx, runtime, plan, now=now)
    if task_id is None:
        return planning.existing_ids(tx, dedupe_keys=[str(key)])[str(key)]
    return task_id


def _check_retry(row: sa.RowMapping, now: datetime) -> None:
    status = Status(row["status"])
    if status not in RETRYABLE:
        raise ConflictError(
            f"Only failed and dead messages are retried; it is {status}."
        )
    if row["useful_until"] <= now:
        raise ConflictError("It would come too late to be useful.")


def _too_late(status: Status) -> str:
    if status in (Status.SENDING, Status.UNKNOWN):
        return "Too late: the message is being sent."
    if status in (Status.SENT, Status.DELIVERED, Status.UNDELIVERED):
        return "Too late: the message was sent."
    return f"There is nothing to cancel: the message is {status}."
