"""PostgreSQL for tests: with BELLHOP_TEST_DATABASE_URL each house is a database of it.

Each is copied from one that was migrated once in this run of the tests. Names carry our
process id: runs beside each other do not meet, and what a killed one left is removed.
"""

from __future__ import annotations

import atexit
import functools
import os
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.storage.database import Database
from app.storage.migrate import migrate

#: The server, and a database of it that nothing is written to.
SERVER = os.environ.get("BELLHOP_TEST_DATABASE_URL")
PREFIX = "bellhop_test_"

#: For what is about SQLite itself: its files, its lock, its pragmas, its one host.
about_sqlite = pytest.mark.skipif(
    SERVER is not None, reason="about SQLite itself; this run is on PostgreSQL"
)
about_postgresql = pytest.mark.skipif(
    SERVER is None, reason="BELLHOP_TEST_DATABASE_URL names no PostgreSQL"
)

#: Those that this process has made, by the data directory of their house.
_databases: dict[Path, str] = {}


def database_env(data_dir: Path) -> dict[str, str]:
    """Return the variables by which a house finds its database; none for SQLite.

    The database is made when its data directory is first asked for.
    """
    if SERVER is None:
        return {}
    # A file, for the sake of a test's own processes that build a house once more.
    note = data_dir.with_name(f".{data_dir.name}-is-in")
    if not note.exists():
        name = make_database(template=_migrated())
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(name)
        _databases[data_dir] = name
    return {"DATABASE_URL": url_of(note.read_text())}


def empty_database(file: Path) -> str:
    """Return the URL of a database without tables: this file, or one of the server."""
    return f"sqlite:///{file}" if SERVER is None else url_of(make_database())


def make_database(*, template: str = "template0") -> str:
    """Make a database, empty unless said otherwise, and return its name."""
    name = f"{PREFIX}{os.getpid()}_{next(_numbers)}"
    _tell_server(f"CREATE DATABASE {name} TEMPLATE {template}")
    return name


def url_of(name: str) -> str:
    """Return the URL of a database of the server."""
    assert SERVER is not None
    url = sa.make_url(SERVER).set(database=name)
    return url.render_as_string(hide_password=False)


def drop_database(name: str) -> None:
    """Remove a database, even one that somebody is still connected to."""
    _tell_server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def drop_databases_under(folder: Path) -> None:
    """Remove the databases of the houses in this folder, once a test is over."""
    for data_dir in [path for path in _databases if path.is_relative_to(folder)]:
        drop_database(_databases.pop(data_dir))


def deadlocks(data_dir: Path) -> int:
    """Count the transactions of a house that the server ended, two in a circle."""
    if SERVER is None:
        return 0
    counted = "SELECT deadlocks FROM pg_stat_database WHERE datname = "
    return int(_tell_server(f"{counted}'{_databases[data_dir]}'")[0])


_numbers = iter(range(10**9))


def _tell_server(statement: str) -> list[str]:
    with _server().connect() as connection:
        found = connection.exec_driver_sql(statement)
        return list(found.scalars()) if found.returns_rows else []


@functools.cache
def _server() -> sa.Engine:
    assert SERVER is not None
    atexit.register(_drop_own)
    # A new connection each time: who forks does not share it.
    return sa.create_engine(
        SERVER, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool
    )


@functools.cache
def _migrated() -> str:
    _drop_what_is_left()
    name = make_database()
    database = Database(url_of(name))
    migrate(database)
    database.close()  # nobody may be connected to what is copied
    return name


def _drop_own() -> None:
    for name in _tell_server(_NAMES):
        if int(name.split("_")[2]) == os.getpid():
            drop_database(name)


def _drop_what_is_left() -> None:
    for name in _tell_server(_NAMES):
        if not _is_running(int(name.split("_")[2])):
            with suppress(sa.exc.DBAPIError):  # another run removes it just now
                drop_database(name)


_NAMES = f"SELECT datname FROM pg_database WHERE datname ~ '^{PREFIX}[0-9]+_[0-9]+$'"


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
