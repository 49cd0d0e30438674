"""The SQL of what customers prefer, by the address at which they are reached."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from app.domain.quiet_hours import Window, parse_window
from app.storage.inserting import insert_new
from app.storage.tables import preferences

_FIND = sa.select(preferences.c.quiet_hours).where(
    preferences.c.address == sa.bindparam("address")
)


def quiet_hours_of(tx: sa.Connection, *, address: str) -> Window | None:
    """Return the quiet hours that a customer chose; None: the house's."""
    return parse_window(tx.execute(_FIND, {"address": address}).scalar_one_or_none())


def set_quiet_hours(
    tx: sa.Connection, *, address: str, window: Window | None, now: datetime
) -> None:
    """Save the quiet hours that a customer chose; None: the house's again."""
    if window is None:
        forget(tx, [address])
        return
    row = {"address": address, "quiet_hours": str(window), "updated_at": now}
    if not insert_new(tx, preferences, row, key=["address"]):
        own = preferences.c.address == address
        tx.execute(sa.update(preferences).where(own).values(row))


def forget(tx: sa.Connection, addresses: Sequence[str]) -> None:
    """Delete all that was preferred at these addresses."""
    tx.execute(sa.delete(preferences).where(preferences.c.address.in_(addresses)))
