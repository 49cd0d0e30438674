"""The database: one engine a process, short transactions, one writer on SQLite.

Everything that reads or writes rows goes through `Database.read` and `.write`. No
transaction is ever open while a network call is made.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.config import Settings
from app.errors import DeadlockError, StorageUnavailableError
from app.storage import driver, postgresql
from app.storage.lock import FairLock

#: SQLite's own wait for a lock. Ours comes first; this is for backups and shells.
BUSY_TIMEOUT_S = 5
_BUSY_TIMEOUT = f"busy_timeout={BUSY_TIMEOUT_S * 1000}"
#: `synchronous=FULL`: what was answered survives a power cut. `secure_delete`: what was
#: cleaned up is gone from the file.
SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    _BUSY_TIMEOUT,
    "foreign_keys=ON",
    "secure_delete=ON",
    "trusted_schema=OFF",
)


def database_url(settings: Settings) -> str:
    """Return the URL in force: the one set, or SQLite in the data directory."""
    if settings.database_url is not None:
        return settings.database_url
    return f"sqlite:///{settings.data_dir / 'bellhop.db'}"


class Database:
    """A pool of connections, and the two kinds of transaction the house knows."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._writer = _writer_lock(self.engine)
        self._reading = (
            self.engine
            if self.is_sqlite
            else self.engine.execution_options(**postgresql.READING)
        )

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Open a transaction that writes; commit at the end, roll back on an error.

        On SQLite a fair file lock, common to all processes, is taken first: its own
        busy wait polls (eight clients: p99 645 ms against 41), and two connections that
        write and checkpoint at once can corrupt SQLite before 3.51.3.
        """
        with _named_errors(), self._turn(), self.engine.begin() as connection:
            # IMMEDIATE: one that reads first and then writes would fail at once when
            # another one has committed in between, whatever the busy timeout.
            self._begin(connection, "IMMEDIATE")
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a transaction that only reads: one moment's view, never blocked."""
        with _named_errors(), self._reading.begin() as connection:
            self._begin(connection, "DEFERRED")
            yield connection

    def empty_log(self) -> bool:
        """Carry SQLite's write-ahead log over and empty it; False: not just now.

        What was erased from the file is still to be read there. Somebody who reads an
        earlier state needs it, and is not waited for: all others would wait, too.
        """
        if not self.is_sqlite:
            return True
        with _named_errors(), self._turn(), self.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=0")
            try:
                found = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                return bool(found.one()[0] == 0)
            finally:
                connection.exec_driver_sql(f"PRAGMA {_BUSY_TIMEOUT}")

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of our own, or else a server."""
        return self.engine.dialect.name == "sqlite"

    def close(self) -> None:
        """Close every connection and the lock's file."""
        self.engine.dispose()
        if self._writer is not None:
            self._writer.close()

    def _begin(self, connection: sa.Connection, how: str) -> None:
        # Not by an event of the engine: with one that listens, SQLAlchemy looks for
        # listeners before and after each statement.
        if self.is_sqlite:
            driver.change(connection, f"BEGIN {how}")

    def _turn(self) -> AbstractContextManager[None]:
        return nullcontext() if self._writer is None else self._writer.held()


def _engine(url: str) -> sa.Engine:
    return _sqlite(url) if url.startswith("sqlite") else postgresql.make_engine(url)


def _sqlite(url: str) -> sa.Engine:
    engine = sa.create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
        # The values of a statement that fails are names, numbers and addresses; they
        # have no business in an error, nor in the log where it ends.
        hide_parameters=True,
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # Python's own transaction control leaves SELECT outside and breaks SAVEPOINT.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _writer_lock(engine: sa.Engine) -> FairLock | None:
    file = engine.url.database
    if engine.dialect.name != "sqlite" or not file:
        return None
    return FairLock(Path(file).with_name(Path(file).name + ".lock"))


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        if not _is_out_of_reach(error):
            raise
        kind = DeadlockError if _is_deadlock(error) else StorageUnavailableError
        raise kind(
            f"The database cannot be used just now ({_cause(error)})."
        ) from error
    except PoolTimeoutError as error:
        raise StorageUnavailableError(
            "The database cannot be used just now (every connection is in use)."
        ) from error


def _is_deadlock(error: DatabaseError) -> bool:
    # PostgreSQL's name of it; it has ended one of the two that waited for each other.
    return getattr(error.orig, "sqlstate", None) == "40P01"


def _is_out_of_reach(error: DatabaseError) -> bool:
    # `DatabaseError` itself, none of its kinds: SQLite's file is damaged.
    if type(error) is DatabaseError or isinstance(error, OperationalError):
        return True
    sqlstate = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or sqlstate in postgresql.OUT_OF_REACH


def _cause(error: DBAPIError) -> str:
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else "no reason given"
