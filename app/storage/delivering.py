"""The SQL of one delivery: read it all, claim it, write the attempt and its outcome.

Every write is guarded by the state that was read, so that whoever comes second (a
doubled doorbell, a worker that was thought dead) changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.storage.costs import Billed
from app.storage.prepared import Prepared
from app.storage.tables import (
    HOLDING_BACK,
    attempts,
    bookings,
    notifications,
    own_tasks,
    preferences,
    services,
    suppressions,
    tasks,
)
from app.storage.types import Row


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """An attempt about to be made: through which gate, with whom, in which words."""

    gate: str
    provider: str
    text: str


_FIND = Prepared(
    sa.select(
        tasks,
        notifications.c.channel,
        notifications.c.recipient,
        notifications.c.recipient_name,
        notifications.c.locale,
        notifications.c.timezone,
        notifications.c.ladder_id,
        notifications.c.template_id,
        bookings.c.revision,
        bookings.c.reference,
        bookings.c.status.label("booking_status"),
        bookings.c.start,
        bookings.c.end,
        bookings.c.party_size,
        bookings.c.customer_name,
        bookings.c.price_amount,
        bookings.c.price_currency,
        bookings.c.sequence,
        bookings.c.confirmation_id,
        services.c.name.label("service_name"),
        own_tasks.c.group_id,
        suppressions.c.scope.label("opt_out_scope"),
        suppressions.c.reason.label("opt_out_reason"),
        suppressions.c.since.label("opt_out_since"),
        preferences.c.quiet_hours.label("own_quiet_hours"),
    )
    .outerjoin(notifications, notifications.c.task_id == tasks.c.id)
    .outerjoin(
        suppressions,
        sa.and_(
            suppressions.c.channel == notifications.c.channel,
            suppressions.c.address == notifications.c.recipient,
        ),
    )
    .outerjoin(preferences, preferences.c.address == notifications.c.recipient)
    .outerjoin(own_tasks, own_tasks.c.task_id == tasks.c.id)
    .outerjoin(bookings, bookings.c.id == tasks.c.booking_id)
    .outerjoin(services, services.c.id == bookings.c.service_id)
    .where(tasks.c.id == sa.bindparam("task_id"))
)

_NOTHING_EARLIER = sa.text(
    f"""NOT EXISTS (
        SELECT 1 FROM tasks AS e
        WHERE e.order_key = tasks.order_key AND e.seq < tasks.seq
          AND e.{HOLDING_BACK} AND e.status <> 'pending'
    )"""  # noqa: S608 - a constant of ours
)

# Written out: a list of parameters is put into a statement anew each time.
_MAY_BE_TAKEN = sa.text("tasks.status IN ('queued', 'pending', 'retrying')")

_CLAIM = Prepared(
    sa.update(tasks)
    .where(
        tasks.c.id == sa.bindparam("task_id"),
        _MAY_BE_TAKEN,
        tasks.c.next_attempt_at <= sa.bindparam("now"),
        sa.or_(
            tasks.c.booking_id.is_(None),
            sa.exists().where(
                bookings.c.id == tasks.c.booking_id,
                bookings.c.revision == sa.bindparam("seen_revision"),
            ),
        ),
        _NOTHING_EARLIER,
    )
    .values(
        status="sending",
        reason="",
        attempts=tasks.c.attempts + 1,
        quick_tries=tasks.c.quick_tries + 1,
        rung_at=None,
        worker_boot_id=sa.bindparam("boot_id"),
        claim=sa.bindparam("token"),
        updated_at=sa.bindparam("now"),
    )
    .returning(tasks.c.attempts)
)

_INSERT_ATTEMPT = Prepared(
    sa.insert(attempts).values(
        task_id=sa.bindparam("task_id"),
        number=sa.bindparam("number"),
        gate=sa.bindparam("gate"),
        provider=sa.bindparam("provider"),
        text=sa.bindparam("text"),
        started_at=sa.bindparam("now"),
        code="",
        reason="",
    )
)

_ENDED = (
    sa.update(attempts)
    .where(
        attempts.c.task_id == sa.bindparam("for_task"),
        attempts.c.number == sa.bindparam("for_number"),
    )
    .values(
        ended_at=sa.bindparam("ended_at"),
        outcome=sa.bindparam("outcome"),
        code=sa.bindparam("code"),
        reason=sa.bindparam("reason"),
    )
)

_END_ATTEMPT = Prepared(_ENDED)
_END_BILLED = Prepared(
    _ENDED.values(
        segments=sa.bindparam("units"),
        cost_micros=sa.bindparam("micros"),
        cost_currency=sa.bindparam("currency"),
    )
)

_SETTLED = sa.update(tasks).values(
    status=sa.bindparam("status"),
    reason=sa.bindparam("reason"),
    next_attempt_at=sa.bindparam("next_attempt_at"),
    quick_tries=tasks.c.quick_tries - sa.bindparam("given_back"),
    rounds=sa.bindparam("rounds"),
    resends=sa.bindparam("resends"),
    finished_at=sa.bindparam("finished_at"),
    updated_at=sa.bindparam("now"),
    rung_at=None,
    claim=None,
    worker_boot_id=None,
)
_SETTLE = Prepared(
    _SETTLED.where(
        tasks.c.id == sa.bindparam("task_id"),
        tasks.c.claim == sa.bindparam("token"),
    )
)
_SETTLE_UNKNOWN = _SETTLED.where(
    tasks.c.id == sa.bindparam("task_id"),
    tasks.c.status == "unknown",
    tasks.c.attempts == sa.bindparam("number"),
)

_SENT = Prepared(
    sa.update(notifications)
    .where(notifications.c.task_id == sa.bindparam("for_task"))
    .values(
        provider=sa.bindparam("provider"),
        provider_message_id=sa.bindparam("provider_message_id"),
        sent_at=sa.bindparam("sent_at"),
    )
)


def find(tx: sa.Connection, *, task_id: str) -> Row | None:
    """Return a task with its message, booking and service, or None.

    What only a message has, `channel` first of all, is None for one of one's own.
    """
    found = _FIND.mappings(tx, {"task_id": task_id})
    if not found:
        return None
    [row] = found
    return row


def claim(
    tx: sa.Connection,
    *,
    task_id: str,
    seen_revision: int | None,
    boot_id: str,
    token: str,
    attempt: Attempt,
    now: datetime,
) -> int | None:
    """Take a task that is due and write its attempt down; return the attempt's number.

    None where somebody else was faster, the booking has changed since it was read, or
    an earlier message to the same recipient has come under way.
    """
    claimed = _CLAIM.rows(
        tx,
        {
            "task_id": task_id,
            "seen_revision": seen_revision,
            "boot_id": boot_id,
            "token": token,
            "now": now,
        },
    )
    if not claimed:
        return None
    number = int(claimed[0][0])
    facts = {
        "task_id": task_id,
        "number": number,
        "gate": attempt.gate,
        "provider": attempt.provider,
        "text": attempt.text,
        "now": now,
    }
    _INSERT_ATTEMPT.change(tx, facts)
    return number


def end_attempt(
    tx: sa.Connection,
    *,
    task_id: str,
    number: int,
    ended: Mapping[str, Any],
    billed: Billed | None = None,
) -> None:
    """Write how an attempt ended, and what it costs if that is counted.

    `ended` has `ended_at`, `outcome`, `code` and `reason`.
    """
    values = {"for_task": task_id, "for_number": number, **ended}
    if billed is None:
        _END_ATTEMPT.change(tx, values)
    else:
        _END_BILLED.change(tx, {**values, **billed.values()})


def settle(
    tx: sa.Connection, *, task_id: str, token: str, to: Mapping[str, Any]
) -> bool:
    """Give the task its next state, if the claim is still ours; tell whether it was."""
    facts = {"task_id": task_id, "token": token, **to}
    return _SETTLE.change(tx, facts) == 1


def settle_unknown(
    tx: sa.Connection, *, task_id: str, number: int, to: Mapping[str, Any]
) -> bool:
    """Give an unknown task its next state if this was its last attempt; tell whether.

    Whoever looks it up at the provider just then has lost the claim.
    """
    facts = {"task_id": task_id, "number": number, **to}
    return tx.execute(_SETTLE_UNKNOWN, facts).rowcount == 1


def mark_sent(
    tx: sa.Connection,
    *,
    task_id: str,
    provider: str,
    provider_message_id: str,
    sent_at: datetime,
) -> None:
    """Write down who took the message and under which id."""
    facts = {
        "for_task": task_id,
        "provider": provider,
        "provider_message_id": provider_message_id,
        "sent_at": sent_at,
    }
    _SENT.change(tx, facts)
