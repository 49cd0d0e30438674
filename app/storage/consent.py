"""The SQL of suppressions and of the consent ledger, to which rows are only added."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from app.domain.consent import OptOut, Scope
from app.storage.planning import insert_new
from app.storage.tables import consents, suppressions

_SUPPRESSION = (
    sa.select(suppressions.c.scope, suppressions.c.reason, suppressions.c.since)
    .where(
        suppressions.c.channel == sa.bindparam("channel"),
        suppressions.c.address.in_(sa.bindparam("addresses", expanding=True)),
    )
    # `all` before `nonessential`.
    .order_by(suppressions.c.scope)
    .limit(1)
)


def find_suppression(
    tx: sa.Connection, *, channel: str, addresses: Collection[str]
) -> OptOut | None:
    """Return what these writings of one address must not be sent, or None."""
    facts = {"channel": channel, "addresses": list(addresses)}
    row = tx.execute(_SUPPRESSION, facts).one_or_none()
    if row is None:
        return None
    return OptOut(scope=Scope(row.scope), reason=row.reason, since=row.since)


def suppress(tx: sa.Connection, row: Mapping[str, Any]) -> None:
    """Save a suppression in place of what the address had."""
    if insert_new(tx, suppressions, row, key=("channel", "address")):
        return
    tx.execute(
        sa.update(suppressions)
        .where(
            suppressions.c.channel == row["channel"],
            suppressions.c.address == row["address"],
        )
        .values(dict(row))
    )


def unsuppress(tx: sa.Connection, *, channel: str, addresses: Collection[str]) -> int:
    """Let these writings of one address be sent all again; return how many were not."""
    return tx.execute(
        sa.delete(suppressions).where(
            suppressions.c.channel == channel, suppressions.c.address.in_(addresses)
        )
    ).rowcount


def note(tx: sa.Connection, row: Mapping[str, Any]) -> None:
    """Add a line to the ledger."""
    tx.execute(sa.insert(consents), [dict(row)])


def ledger(
    tx: sa.Connection,
    *,
    addresses: Collection[str],
    before: str | None = None,
    limit: int | None = None,
) -> list[sa.RowMapping]:
    """Return the ledger of an address, the newest line first."""
    query = sa.select(consents).where(consents.c.address.in_(addresses))
    if before is not None:
        query = query.where(consents.c.id < before)
    return list(
        tx.execute(query.order_by(consents.c.id.desc()).limit(limit)).mappings()
    )


def suppressions_of(
    tx: sa.Connection, *, addresses: Collection[str]
) -> list[sa.RowMapping]:
    """Return the suppressions of an address on every channel."""
    query = sa.select(suppressions).where(suppressions.c.address.in_(addresses))
    return list(tx.execute(query.order_by(suppressions.c.channel)).mappings())
