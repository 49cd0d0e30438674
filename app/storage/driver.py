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
        return [tuple(row) for row in tx.exec_driver_sql(sql, _of_server(arguments))]
    with _known_errors(tx):
        return _sqlite(tx).execute(sql, arguments).fetchall()


def change(tx: sa.Connection, sql: str, arguments: Arguments = ()) -> int:
    """Run a statement that returns no rows; tell how many it changed."""
    if tx.dialect.name != "sqlite":
        return tx.exec_driver_sql(sql, _of_server(arguments)).rowcount
    with _known_errors(tx):
        return _sqlite(tx).execute(sql, arguments).rowcount


def _sqlite(tx: sa.Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", tx.connection.dbapi_connection)


def _of_server(arguments: Arguments) -> dict[str, Any]:
    return dict(cast("Mapping[str, Any]", arguments))


@contextmanager
def _known_errors(tx: sa.Connection) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _named(error, tx.dialect) from error


def _named(error: sqlite3.Error, dialect: sa.Dialect) -> BaseException:
    # Without statement and values: who is written to has no business in a log.
    return DBAPIError.instance(None, None, error, sqlite3.Error, dialect=dialect)
