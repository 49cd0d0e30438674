"""INSERT … ON CONFLICT, which both databases have and SQLAlchemy spells for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def upsert(dialect: str, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that can be told what to do where the row is there already.

    `dialect`: the name of the connection's. Both spell `on_conflict_do_update`,
    `on_conflict_do_nothing` and `excluded` alike.
    """
    if dialect == "sqlite":
        return sqlite.insert(table)
    # Two megabytes in each process that a box on SQLite never needs.
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - see above

    return postgresql.insert(table)
