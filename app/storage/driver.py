"""Runs statements with the database's driver, past SQLAlchemy where it is in the way.

SQLite answers in ten microseconds; SQLAlchemy takes twenty more for each statement, and
as many for the shape of its rows. A server's answer takes longer than all of that, so
PostgreSQL's statements go the usual way. Errors have SQLAlchemy's names on both.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

#: By their place on SQLite, by their name on PostgreSQL.
Arguments = Sequence[Any] | Mapping[str, Any]


def rows(
    tx: sa.Connection, sql: str, arguments: Arguments = ()
) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows, as the driver gives them."""
    if tx.dialect.name != "sqlite":
        return [tuple(row) for row in _server(tx, sql, arguments)]
    with _errors_as_sqlalchemys(tx):
        return _sqlite(tx).execute(sql, arguments).fetchall()


def change(tx: sa.Connection, sql: str, arguments: Arguments = ()) -> int:
    """Run a statement that returns no rows; tell how many it changed."""
    if tx.dialect.name != "sqlite":
        return _server(tx, sql, arguments).rowcount
    with _errors_as_sqlalchemys(tx):
        return _sqlite(tx).execute(sql, arguments).rowcount


def _sqlite(tx: sa.Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", tx.connection.dbapi_connection)


def _server(
    tx: sa.Connection, sql: str, arguments: Arguments
) -> sa.CursorResult[*tuple[Any, ...]]:
    return tx.exec_driver_sql(sql, cast("dict[str, Any]", arguments))


@contextmanager
def _errors_as_sqlalchemys(tx: sa.Connection) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        # Without statement and values: who is written to has no business in a log.
        raise DBAPIError.instance(
            None, None, error, sqlite3.Error, dialect=tx.dialect
        ) from error
