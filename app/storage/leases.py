"""The SQL of leases: who alone may do something, for example lead, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from app.clock import utc_now
from app.storage.tables import leases
from app.storage.upsert import upsert


@dataclass(frozen=True, kw_only=True)
class Lease:
    """One row."""

    name: str
    holder: str
    #: Host and process, for people.
    place: str
    taken_at: datetime
    expires_at: datetime


def now(tx: sa.Connection) -> datetime:
    """Return the moment by the one clock that all who want a lease can see.

    Clocks of several hosts differ, and a lease would end too early for one of them; on
    PostgreSQL they therefore go by the server's. SQLite's users share a host.
    """
    if tx.dialect.name == "sqlite":
        return utc_now()
    moment: datetime = tx.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return moment.astimezone(UTC)


def take(tx: sa.Connection, lease: Lease) -> bool:
    """Take or renew a lease; False while somebody else's lasts.

    One statement: of two who come at the same time, one gets it.
    """
    insert = upsert(tx.dialect.name, leases)
    new = insert.excluded
    is_own = leases.c.holder == new.holder
    taken = tx.execute(
        insert.values(
            name=lease.name,
            holder=lease.holder,
            place=lease.place,
            taken_at=lease.taken_at,
            expires_at=lease.expires_at,
        )
        .on_conflict_do_update(
            index_elements=["name"],
            set_={
                "holder": new.holder,
                "place": new.place,
                "taken_at": sa.case((is_own, leases.c.taken_at), else_=new.taken_at),
                "expires_at": new.expires_at,
            },
            where=sa.or_(is_own, leases.c.expires_at <= new.taken_at),
        )
        .returning(leases.c.name)
    )
    return taken.first() is not None


def give_back(tx: sa.Connection, *, holder: str) -> None:
    """Give back all that this one holds; never what is another's by now."""
    tx.execute(sa.delete(leases).where(leases.c.holder == holder))


def forget(tx: sa.Connection, *, name: str) -> None:
    """Remove a lease whose holder is known to be dead."""
    tx.execute(sa.delete(leases).where(leases.c.name == name))


def forget_expired(tx: sa.Connection, *, prefix: str, now: datetime) -> None:
    """Remove leases that have run out, of names that begin so."""
    tx.execute(
        sa.delete(leases).where(
            leases.c.name.startswith(prefix, autoescape=True),
            leases.c.expires_at <= now,
        )
    )


def all_leases(tx: sa.Connection) -> list[Lease]:
    """Return every lease, the oldest first; some may have run out."""
    query = sa.select(leases).order_by(leases.c.taken_at, leases.c.name)
    return [Lease(**row) for row in tx.execute(query).mappings()]
