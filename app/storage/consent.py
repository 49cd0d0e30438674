"""The SQL of suppressions and of the consent ledger, to which rows are only added."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from app.domain.consent import OptOut, Scope
from app.storage.inserting import insert_new
from app.storage.prepared import Prepared
from app.storage.tables import consents, suppressions

_SUPPRESSION = Prepared(
    sa.select(suppressions.c.scope, suppressions.c.reason, suppressions.c.since)
    .where(
        suppressions.c.channel == sa.bindparam("channel"),
        suppressions.c.address.in_([sa.bindparam("address"), sa.bindparam("erased")]),
    )
    # `all` before `nonessential`.
    .order_by(suppressions.c.scope)
    .limit(1)
)


def find_suppression(
    tx: sa.Connection, *, channel: str, address: str, erased: str
) -> OptOut | None:
    """Return what an address must not be sent, or None.

    `erased`: how it stands there once its customer is erased.
    """
    facts = {"channel": channel, "address": address, "erased": erased}
    found = _SUPPRESSION.mappings(tx, facts)
    if not found:
        return None
    [row] = found
    return OptOut(scope=Scope(row["scope"]), reason=row["reason"], since=row["since"])


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
