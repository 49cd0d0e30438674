"""The SQL of one-time codes: kept, counted, tried, and forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.domain.verifications import AGAIN_AFTER, BURST_WITHIN, Sent
from app.storage.tables import stopped_codes, tasks, verifications

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_V = verifications.c


def insert(tx: sa.Connection, row: Mapping[str, Any]) -> None:
    """Save what was asked for."""
    tx.execute(sa.insert(verifications), [dict(row)])


def find(tx: sa.Connection, verification_id: str) -> sa.RowMapping | None:
    """Return one for a change, or None."""
    query = sa.select(verifications).where(_V.id == verification_id).with_for_update()
    return tx.execute(query).mappings().one_or_none()


def change(tx: sa.Connection, verification_id: str, **values: Any) -> None:
    """Give one these values."""
    query = sa.update(verifications).where(_V.id == verification_id)
    tx.execute(query.values(**values))


def open_before(
    tx: sa.Connection, *, recipient: str, channel: str
) -> list[sa.RowMapping]:
    """Return the codes to a recipient that could still be typed in."""
    query = sa.select(verifications).where(
        _V.recipient == recipient, _V.channel == channel, _V.code != ""
    )
    return list(tx.execute(query).mappings())


def expired(tx: sa.Connection, *, now: datetime, limit: int) -> list[sa.RowMapping]:
    """Return codes that are of no use any more, and not forgotten yet."""
    query = (
        sa.select(verifications)
        .where(_V.created_at > now - _DAY, _V.expires_at <= now, _V.code != "")
        .limit(limit)
    )
    return list(tx.execute(query).mappings())


def take_turn(tx: sa.Connection, *, channel: str) -> datetime | None:
    """Return until when a channel is stopped (None: it is not).

    Of two who ask at the same moment the second one counts what the first one sent.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(2_053_002)))
    query = sa.select(stopped_codes.c.until).where(stopped_codes.c.channel == channel)
    found: datetime | None = tx.execute(query).scalar_one_or_none()
    return found


def stop(tx: sa.Connection, *, channel: str, until: datetime) -> None:
    """Send no codes over a channel until then."""
    is_it = stopped_codes.c.channel == channel
    changed = tx.execute(sa.update(stopped_codes).where(is_it).values(until=until))
    if not changed.rowcount:
        tx.execute(sa.insert(stopped_codes), [{"channel": channel, "until": until}])


def sent(
    tx: sa.Connection,
    *,
    recipient: str,
    visitor: str | None,
    prefix: str,
    channel: str,
    now: datetime,
) -> Sent:
    """Count what was sent lately."""
    stopped = take_turn(tx, channel=channel)

    def count(*conditions: sa.ColumnElement[bool], within: timedelta) -> int:
        query = sa.select(sa.func.count()).where(
            *conditions, _V.created_at > now - within
        )
        return int(tx.execute(query.select_from(verifications)).scalar_one())

    to_him, to_prefix = _V.recipient == recipient, _V.prefix == prefix
    return Sent(
        to_recipient_just_now=count(to_him, within=AGAIN_AFTER) > 0,
        to_recipient_today=count(to_him, within=_DAY),
        for_visitor_this_hour=count(_V.visitor == visitor, within=_HOUR)
        if visitor
        else 0,
        today=count(within=_DAY),
        to_prefix=count(to_prefix, within=BURST_WITHIN),
        to_prefix_typed_in=count(
            to_prefix, _V.verified_at.is_not(None), within=BURST_WITHIN
        ),
        is_stopped=stopped is not None and stopped > now,
    )


def forget_words(tx: sa.Connection, *, task_id: str, args: Mapping[str, Any]) -> None:
    """Leave a message nothing but these arguments."""
    query = sa.update(tasks).where(tasks.c.id == task_id)
    tx.execute(query.values(args=dict(args)))


def clean(tx: sa.Connection, *, created_before: datetime, limit: int) -> int:
    """Forget up to `limit` that were asked for before then; return how many."""
    old = sa.select(_V.id).where(_V.created_at < created_before).limit(limit)
    return tx.execute(sa.delete(verifications).where(_V.id.in_(old))).rowcount
