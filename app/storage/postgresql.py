"""PostgreSQL as it is set up here: how a connection is made, kept, and missed.

Called by `storage/database.py` alone, where `DATABASE_URL` names PostgreSQL; the driver
is loaded here and nowhere else. Whatever the URL itself says wins.
"""

from __future__ import annotations

import select
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import InvalidatePoolError

from app.errors import StorageUnavailableError

#: Options of libpq. A server that has gone without a word (a cut line, a dead host) is
#: noticed within eleven seconds instead of the kernel's two hours.
CONNECTION = {
    "application_name": "bellhop",
    "connect_timeout": "5",
    "keepalives": "1",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
#: Settings of each session. Nobody waits for ever for a row, and the rows of a host
#: that was cut off in the middle of a transaction are free again soon: our own last
#: for milliseconds, without a call to anybody in them.
SESSION = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "15s",
}
#: The statements that follow see what was committed meanwhile: whoever has waited for
#: a lock reads the truth, and no transaction ever has to be repeated.
WRITING = "READ COMMITTED"
#: One moment's view over all statements; the server itself refuses to write.
READING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
#: Whoever holds this lock alone may change the tables. "bellhop", in ASCII.
MIGRATION_LOCK = int.from_bytes(b"bellhop", "big")

#: Errors that no change of ours can mend, beside those of its connection: the server
#: only repeats another one (a standby), tables are missing, or we may not use them.
OUT_OF_REACH = frozenset({"25006", "42P01", "42501"})


def make_engine(url: str) -> sa.Engine:
    """Return the engine; raise StorageUnavailableError without PostgreSQL's driver."""
    given = sa.make_url(url)
    usual = {k: v for k, v in CONNECTION.items() if k not in given.query}
    try:
        engine = sa.create_engine(
            given.update_query_dict(usual),
            # What is given to a statement has no business in an error.
            hide_parameters=True,
            # SQLAlchemy would ask each server for a type that is not used here.
            use_native_hstore=False,
            isolation_level=WRITING,
        )
    except ImportError as error:
        raise StorageUnavailableError(
            f"PostgreSQL's driver cannot be loaded ({error}). Install "
            "requirements.txt (`python3 bellhop.py up` does) and, where there is no "
            "psycopg-binary for this machine, the system's libpq (Debian: "
            "`apt install libpq5`); or leave DATABASE_URL out to use SQLite."
        ) from None
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "checkout", _look_at)
    sa.event.listen(engine, "handle_error", _hide_values)
    return engine


def lock_for_migration(tx: sa.Connection) -> None:
    """Wait until nobody else changes the tables; the lock goes with the transaction."""
    # Changing a large table may take its time, and so may waiting for whoever does.
    tx.exec_driver_sql("SET LOCAL statement_timeout = 0")
    tx.exec_driver_sql("SET LOCAL lock_timeout = 0")
    tx.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")


def _prepare(connection: Any, _record: Any) -> None:
    wanted = ", ".join(f"set_config('{k}', '{v}', false)" for k, v in SESSION.items())
    connection.autocommit = True
    connection.execute(f"SELECT {wanted}")
    connection.autocommit = False


def _look_at(connection: Any, _record: Any, _fairy: Any) -> None:
    """Have a connection replaced, with all its like, whose server has hung up.

    A server that goes says so on the line, and so the kernel is asked, which takes 2 µs
    instead of a round trip (`pool_pre_ping`): nobody meets a restarted server as an
    error. A line that was cut is silent either way.
    """
    if _has_something_to_say(connection.fileno()):
        raise InvalidatePoolError


if hasattr(select, "poll"):

    def _has_something_to_say(descriptor: int) -> bool:
        line = select.poll()
        line.register(descriptor, select.POLLIN)
        return bool(line.poll(0))

else:  # Windows

    def _has_something_to_say(descriptor: int) -> bool:
        return bool(select.select([descriptor], [], [], 0)[0])


def _hide_values(context: sa.engine.ExceptionContext) -> None:
    """Leave out the lines of an error that quote rows (`DETAIL: Key (phone)=…`)."""
    error = context.original_exception
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    if primary is None:
        return
    error.args = (primary,)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (f"({type(error).__name__}) {primary}",)
