"""The SQL of receipts: kept once, matched to a message, and its state moved on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.storage.inserting import insert_new
from app.storage.locking import waited_for
from app.storage.tables import notifications, provider_events, tasks
from app.storage.types import Moment

_MESSAGE = sa.select(
    tasks.c.id,
    tasks.c.status,
    tasks.c.attempts,
    notifications.c.channel,
    notifications.c.recipient,
    notifications.c.provider,
    notifications.c.provider_message_id,
).join(notifications, notifications.c.task_id == tasks.c.id)


def keep(tx: sa.Connection, row: Mapping[str, Any]) -> bool:
    """Save an event; False where the provider brings it once more."""
    return insert_new(tx, provider_events, row, key=("provider", "event_id"))


def change(tx: sa.Connection, event_id: str, **values: Any) -> None:
    """Give an event (by our own id) these values."""
    query = sa.update(provider_events).where(provider_events.c.id == event_id)
    tx.execute(query.values(**values))


def due(tx: sa.Connection, *, now: datetime, limit: int) -> list[sa.RowMapping]:
    """Return events that are to be looked at again, the oldest first."""
    query = (
        sa.select(provider_events)
        .where(provider_events.c.next_look_at <= now)
        .order_by(provider_events.c.next_look_at)
        .limit(limit)
    )
    return list(tx.execute(query).mappings())


def find_message(
    tx: sa.Connection, *, key: str, provider: str, provider_message_id: str
) -> sa.RowMapping | None:
    """Return the message that a receipt is about: by our name of it, or by theirs."""
    by_key = _MESSAGE.where(tasks.c.id == key)
    found = tx.execute(by_key).mappings().one_or_none() if key else None
    if found is not None:
        return found
    by_name = _MESSAGE.where(
        notifications.c.provider_message_id == provider_message_id,
        notifications.c.provider == provider,
    )
    return tx.execute(by_name.limit(1)).mappings().first()


def move(
    tx: sa.Connection,
    *,
    task_id: str,
    seen: str,
    status: str,
    reason: str,
    now: datetime,
) -> bool:
    """Give a message the state that its receipt tells; False where it moved meanwhile.

    Whoever looks it up just then, or was about to try it again, has lost it.
    """
    is_it = waited_for(tx, tasks.c.id == task_id, tasks.c.status == seen)
    moved = tx.execute(
        sa.update(tasks)
        .where(is_it)
        .values(
            status=status,
            reason=reason,
            next_attempt_at=None,
            rung_at=None,
            claim=None,
            worker_boot_id=None,
            finished_at=_known_or(tasks.c.finished_at, now),
            updated_at=now,
        )
    )
    return moved.rowcount == 1


def note(
    tx: sa.Connection,
    *,
    task_id: str,
    provider: str,
    provider_message_id: str,
    now: datetime,
    delivered: bool,
) -> None:
    """Write down who has the message, and when it arrived; what is known stays."""
    known = notifications.c
    tx.execute(
        sa.update(notifications)
        .where(known.task_id == task_id)
        .values(
            provider=sa.func.coalesce(known.provider, provider),
            provider_message_id=sa.func.coalesce(
                known.provider_message_id, provider_message_id
            ),
            sent_at=_known_or(known.sent_at, now),
            **(
                {"delivered_at": _known_or(known.delivered_at, now)}
                if delivered
                else {}
            ),
        )
    )


def close_unheard(
    tx: sa.Connection,
    *,
    providers: Collection[str],
    sent_after: datetime,
    sent_before: datetime,
    reason: str,
) -> int:
    """Say of messages sent in this span that no receipt came; return how many."""
    silent = sa.select(notifications.c.task_id).where(
        notifications.c.task_id == tasks.c.id, notifications.c.provider.in_(providers)
    )
    closed = tx.execute(
        sa.update(tasks)
        .where(
            tasks.c.finished_at > sent_after,
            tasks.c.finished_at <= sent_before,
            tasks.c.status == "sent",
            tasks.c.reason == "",
            silent.exists(),
        )
        .values(reason=reason)
    )
    return closed.rowcount


def silence(
    tx: sa.Connection, *, provider: str, sent_after: datetime, sent_before: datetime
) -> int:
    """Count what a provider took in this span, if it has told us of nothing since."""
    heard = sa.select(provider_events.c.id).where(
        provider_events.c.provider == provider,
        provider_events.c.received_at > sent_after,
    )
    if tx.execute(heard.limit(1)).first() is not None:
        return 0
    sent = (
        sa.select(sa.func.count())
        .select_from(tasks)
        .join(notifications, notifications.c.task_id == tasks.c.id)
        .where(
            tasks.c.finished_at > sent_after,
            tasks.c.finished_at <= sent_before,
            tasks.c.status == "sent",
            notifications.c.provider == provider,
        )
    )
    return int(tx.execute(sent).scalar_one())


def clean(tx: sa.Connection, *, received_before: datetime, limit: int) -> int:
    """Forget up to `limit` events that came before then; return how many."""
    old = (
        sa.select(provider_events.c.id)
        .where(provider_events.c.received_at < received_before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    query = sa.delete(provider_events).where(provider_events.c.id.in_(old))
    return tx.execute(query).rowcount


def _known_or(column: sa.Column[Any], now: datetime) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(column, sa.literal(now, Moment))
