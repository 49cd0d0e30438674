"""The SQL that makes rows forget a customer and keep what is counted.

Called by `services/customers.py`. No row is deleted but answers that were kept for
repeated requests: statistics, bills and the order of things stay as they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.domain.inbound import InboxState
from app.domain.naming import names
from app.domain.tasks import CANCELLABLE, Status
from app.storage.chunks import chunks, in_chunks
from app.storage.consent import suppress
from app.storage.customers import naming
from app.storage.locking import waited_for
from app.storage.tables import (
    attempts,
    bookings,
    consents,
    idempotency_keys,
    inbox,
    notifications,
    own_tasks,
    provider_events,
    suppressions,
    tasks,
)

#: What stands for the name of an erased customer.
NOBODY = "erased"
#: What a provider's name of a message is replaced by, with our own: Meta's hold the
#: customer's number, encoded.
_NO_NAME = sa.literal("erased:")


def forget_bookings(tx: sa.Connection, ids: Sequence[str], *, now: datetime) -> None:
    """Keep when, what and how much was booked; forget for whom."""
    personal = ("email", "phone", "locale", "timezone", "channels")
    _update(
        tx,
        bookings,
        bookings.c.id,
        ids,
        customer_name=NOBODY,
        **{f"customer_{name}": None for name in personal},
        notes=None,
        metadata=None,
        # Whoever holds the booking in hand just now has lost it.
        revision=bookings.c.revision + 1,
        updated_at=now,
    )


def call_off(
    tx: sa.Connection,
    ids: Sequence[str],
    *,
    reason: sa.ColumnElement[str],
    now: datetime,
) -> None:
    """End tasks that have not ended, whatever they wait for; `sending` is left."""
    over = {
        "reason": reason,
        "next_attempt_at": None,
        "finished_at": now,
        "updated_at": now,
        "rung_at": None,
        "claim": None,
        "worker_boot_id": None,
    }
    for among, status in (
        (list(CANCELLABLE), Status.CANCELLED),
        ([Status.UNKNOWN], Status.DEAD),
    ):
        for some in chunks(ids):
            chosen = waited_for(tx, tasks.c.id.in_(some), tasks.c.status.in_(among))
            tx.execute(sa.update(tasks).where(chosen).values(status=status, **over))


def is_any_sending(tx: sa.Connection, ids: Sequence[str]) -> bool:
    """Tell whether one of the tasks is being done at this moment."""
    sending = sa.select(tasks.c.id).where(tasks.c.status == Status.SENDING)
    return bool(in_chunks(tx, sending, tasks.c.id, ids))


def forget_tasks(tx: sa.Connection, ids: Sequence[str]) -> None:
    """Keep what tasks were and how they ended; forget with what and to whom."""
    _update(tx, tasks, tasks.c.id, ids, args={}, order_key=None, dedupe_key=None)
    _update(
        tx,
        notifications,
        notifications.c.task_id,
        ids,
        recipient="",
        recipient_name="",
        provider_message_id=None,
    )
    _update(tx, attempts, attempts.c.task_id, ids, text="")


def forget_results(tx: sa.Connection, ids: Sequence[str], *, reason: str) -> None:
    """Forget what tasks of one's own returned, or said as they failed."""
    _update(tx, own_tasks, own_tasks.c.task_id, ids, result=None, progress=None)
    _update(tx, attempts, attempts.c.task_id, ids, reason="")
    _update(tx, tasks, tasks.c.id, ids, reason=reason)


def forget_inbox(tx: sa.Connection, ids: Sequence[str], *, now: datetime) -> None:
    """Keep when something was written and what it meant; forget who wrote what."""
    still_open = sa.update(inbox).where(inbox.c.state == InboxState.OPEN)
    in_chunks(
        tx, still_open.values(state=InboxState.DONE, done_at=now), inbox.c.id, ids
    )
    _update(
        tx,
        inbox,
        inbox.c.id,
        ids,
        provider_message_id=_NO_NAME + inbox.c.id,
        address="",
        sender_name="",
        text="",
    )


def forget_events(tx: sa.Connection, ids: Sequence[str]) -> None:
    """Keep that providers told something; forget what. It is looked at no more."""
    _update(
        tx,
        provider_events,
        provider_events.c.id,
        ids,
        event_id=_NO_NAME + provider_events.c.id,
        body="",
        facts={},
        next_look_at=None,
    )


def rename_consents(tx: sa.Connection, pseudonyms: Mapping[str, str]) -> None:
    """Let a keyed hash stand for each address, so that its opt-outs still hold."""
    for address, pseudonym in pseudonyms.items():
        tx.execute(
            sa.update(consents)
            .where(consents.c.address == address)
            .values(address=pseudonym, words="")
        )
        own = suppressions.c.address == address
        for row in tx.execute(sa.select(suppressions).where(own)).mappings().all():
            suppress(tx, {**row, "address": pseudonym})
        tx.execute(sa.delete(suppressions).where(own))


def forget_answers(tx: sa.Connection, wanted: Sequence[str]) -> None:
    """Delete the answers kept for repeated requests in which one of the names stands.

    Such a request, sent once more, is done anew.
    """
    kept = idempotency_keys.c
    for condition in naming(kept.body, wanted):
        for row in tx.execute(sa.select(idempotency_keys).where(condition)).all():
            if any(names(row.body, name) for name in wanted):
                this = sa.and_(kept.scope == row.scope, kept.key == row.key)
                tx.execute(sa.delete(idempotency_keys).where(this))


def _update(
    tx: sa.Connection,
    table: sa.Table,
    column: sa.Column[Any],
    ids: Sequence[str],
    **values: Any,
) -> None:
    in_chunks(tx, sa.update(table).values(**values), column, ids)
