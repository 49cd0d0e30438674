"""What a person does to messages that exist: find, retry or cancel, one or many.

Called by the API and by commands; sending new ones is `orders.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.domain.tasks import CANCELLABLE, Status
from app.errors import (
    ConflictError,
    NotFoundError,
)
from app.services.doubt import with_doubt
from app.storage import messages
from app.storage.messages import Filter

#: What a person may try again: failed for now, or given up.
RETRYABLE = frozenset({Status.FAILED, Status.DEAD})
#: Messages that one bulk request moves at most; the answer tells how many matched.
BULK_LIMIT = 10_000
_BULK_PAGE = 500
CANCELLED_BY_HAND = "Cancelled by hand."
CHANGED_JUST_NOW = "The message has changed just now; look at it again."


#: `retry` or `cancel`: what a person does to one message.
Deed = Callable[..., sa.RowMapping]


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


def retry(tx: sa.Connection, task_id: str, *, now: datetime) -> sa.RowMapping:
    """Try a message again from the start of its quick retries.

    Raises ConflictError where its state or its usefulness does not allow that.
    """
    return _move_one(tx, task_id, _RETRY, now=now)


def cancel(tx: sa.Connection, task_id: str, *, now: datetime) -> sa.RowMapping:
    """Call a message off; raise ConflictError where it is too late."""
    return _move_one(tx, task_id, _CANCEL, now=now)


def retry_all(tx: sa.Connection, chosen: Filter, *, now: datetime) -> BulkResult:
    """Retry every message that the filter chooses, where that is possible."""
    return _move_all(tx, chosen, _RETRY, now=now)


def cancel_all(tx: sa.Connection, chosen: Filter, *, now: datetime) -> BulkResult:
    """Call off every message that the filter chooses, where that is possible."""
    return _move_all(tx, chosen, _CANCEL, now=now)


def find(tx: sa.Connection, task_id: str) -> sa.RowMapping:
    """Return a message; raise NotFoundError where there is none."""
    row = messages.find(tx, task_id)
    if row is None:
        raise NotFoundError("notification", task_id)
    return row


def _move_one(
    tx: sa.Connection, task_id: str, move: _Move, *, now: datetime
) -> sa.RowMapping:
    row = find(tx, task_id)
    if refusal := move.refusal(row, now):
        raise ConflictError(refusal)
    if not messages.move(tx, [task_id], among=move.among, to=move.values(now)):
        raise ConflictError(CHANGED_JUST_NOW)
    return find(tx, task_id)


def _move_all(
    tx: sa.Connection, chosen: Filter, move: _Move, *, now: datetime
) -> BulkResult:
    """Move page by page, each with one statement: everybody else waits meanwhile."""
    matched = done = 0
    skipped: list[Skipped] = []
    after: int | None = None
    while matched < BULK_LIMIT:
        rows = messages.page(tx, chosen, after=after, limit=_BULK_PAGE)
        refusals = {row["id"]: move.refusal(row, now) for row in rows}
        wanted = [task_id for task_id, refusal in refusals.items() if not refusal]
        moved = messages.move(tx, wanted, among=move.among, to=move.values(now))
        skipped += [
            Skipped(id=task_id, reason=refusal or CHANGED_JUST_NOW)
            for task_id, refusal in refusals.items()
            if task_id not in moved
        ]
        matched += len(rows)
        done += len(moved)
        if len(rows) < _BULK_PAGE:
            break
        after = rows[-1]["seq"]
    return BulkResult(matched=matched, done=done, skipped=skipped)


@dataclass(frozen=True, kw_only=True)
class _Move:
    """What a person may do to a message: from which states, and what becomes of it."""

    among: frozenset[Status]
    #: Why a message cannot be moved; None: it can.
    refusal: Callable[[sa.RowMapping, datetime], str | None]
    values: Callable[[datetime], Mapping[str, Any]]


def _no_retry(row: sa.RowMapping, now: datetime) -> str | None:
    status = Status(row["status"])
    if status not in RETRYABLE:
        return f"Only failed and dead messages are retried; it is {status}."
    if row["useful_until"] <= now:
        return "It would come too late to be useful."
    return None


def _retried(now: datetime) -> Mapping[str, Any]:
    return {
        "status": Status.RETRYING,
        "reason": "",
        "quick_tries": 0,
        "rounds": 0,
        "resends": 0,
        "next_attempt_at": now,
        "finished_at": None,
        "updated_at": now,
    }


def _no_cancel(row: sa.RowMapping, _now: datetime) -> str | None:
    status = Status(row["status"])
    if status in CANCELLABLE:
        return None
    if status in (Status.SENDING, Status.UNKNOWN):
        return "Too late: the message is being sent."
    if status in (Status.SENT, Status.DELIVERED, Status.UNDELIVERED):
        return "Too late: the message was sent."
    return f"There is nothing to cancel: the message is {status}."


def _cancelled(now: datetime) -> Mapping[str, Any]:
    return {
        "status": Status.CANCELLED,
        "reason": with_doubt(CANCELLED_BY_HAND),
        "next_attempt_at": None,
        "finished_at": now,
        "updated_at": now,
    }


_RETRY = _Move(among=RETRYABLE, refusal=_no_retry, values=_retried)
_CANCEL = _Move(among=CANCELLABLE, refusal=_no_cancel, values=_cancelled)
