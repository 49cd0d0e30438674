"""PostgreSQL as it is set up here: connections, views, and how its errors are named."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.commands.checks import database as checks
from app.commands.checks.findings import Box, Level
from app.errors import StorageUnavailableError
from app.runtime import Runtime
from app.storage import postgresql
from app.storage.database import Database
from tests.postgres import about_postgresql, drop_database, make_database, url_of

pytestmark = about_postgresql

ROOT = Path(__file__).resolve().parents[2]
#: What each connection must be like; the reasons stand in `storage/postgresql.py`.
SETTINGS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "15s",
    "application_name": "bellhop",
}
LOADED_ON_SQLITE = """
import sys
from app.storage.database import Database
with Database("sqlite:///one.db").write() as tx:
    tx.exec_driver_sql("CREATE TABLE it (n INTEGER)")
print([name for name in sys.modules if "psycopg" in name])
"""


@pytest.fixture
def name() -> Iterator[str]:
    made = make_database()
    yield made
    drop_database(made)


@pytest.fixture
def database(name: str) -> Iterator[Database]:
    made = Database(url_of(name))
    with made.write() as tx:
        tx.exec_driver_sql("CREATE TABLE counter (n BIGINT UNIQUE)")
        tx.exec_driver_sql("INSERT INTO counter VALUES (0)")
    yield made
    made.close()


def counter(tx: sa.Connection) -> int:
    return int(tx.exec_driver_sql("SELECT n FROM counter").scalar_one())


def hang_up(name: str) -> None:
    """End every connection to the database, as a server that restarts does."""
    server = Database(url_of("postgres"))
    with server.write() as tx:
        tx.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE datname = :name"
            ),
            {"name": name},
        )
    server.close()


def test_every_connection_is_set_up_alike(database: Database) -> None:
    with database.read() as first, database.write() as second:
        found = [
            {name: tx.exec_driver_sql(f"SHOW {name}").scalar() for name in SETTINGS}
            for tx in (first, second)
        ]

    assert found == [SETTINGS] * 2


def test_the_url_has_the_last_word(name: str) -> None:
    database = Database(url_of(name) + "?application_name=mine")

    with database.read() as tx:
        assert tx.exec_driver_sql("SHOW application_name").scalar() == "mine"
    database.close()


def test_a_reader_sees_one_moment_and_is_not_blocked_by_a_writer(
    database: Database,
) -> None:
    with database.read() as reader:
        before = counter(reader)
        with database.write() as tx:
            tx.exec_driver_sql("UPDATE counter SET n = 7")
        within = counter(reader)
    with database.read() as reader:
        after = counter(reader)

    assert (before, within, after) == (0, 0, 7)


def test_who_only_reads_cannot_write(database: Database) -> None:
    with (
        pytest.raises(StorageUnavailableError, match="read-only"),
        database.read() as tx,
    ):
        tx.exec_driver_sql("UPDATE counter SET n = 7")


def test_a_server_that_restarted_is_not_met_as_an_error(
    database: Database, name: str
) -> None:
    with database.read(), database.read():
        pass  # two connections wait in the pool
    hang_up(name)

    with database.read() as one, database.read() as other, database.write() as third:
        assert [counter(tx) for tx in (one, other, third)] == [0, 0, 0]


def test_a_server_that_goes_within_a_transaction_is_named_as_such(
    database: Database, name: str
) -> None:
    def stumble() -> None:
        with database.write() as tx:
            tx.exec_driver_sql("UPDATE counter SET n = 7")
            hang_up(name)
            counter(tx)

    with pytest.raises(StorageUnavailableError):
        stumble()

    with database.read() as tx:
        assert counter(tx) == 0


def test_a_server_that_is_not_there_is_named_as_such() -> None:
    database = Database("postgresql+psycopg://bob:secret-7@127.0.0.1:1/bellhop")

    with pytest.raises(StorageUnavailableError, match="refused") as told:
        database.read().__enter__()

    assert "secret-7" not in str(told.value)


def test_who_waits_too_long_for_a_row_is_told_so(
    name: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgresql.SESSION, "lock_timeout", "50ms")
    hasty = Database(url_of(name))

    with database.write() as tx:
        tx.exec_driver_sql("UPDATE counter SET n = 7")
        with (
            pytest.raises(StorageUnavailableError, match="lock timeout"),
            hasty.write() as other,
        ):
            other.exec_driver_sql("UPDATE counter SET n = 8")
    hasty.close()


def test_what_a_row_holds_is_in_no_error(database: Database) -> None:
    phone = 4915112345678
    statement = sa.text("INSERT INTO counter VALUES (:phone)")
    with database.write() as tx:
        tx.execute(statement, {"phone": phone})

    with pytest.raises(sa.exc.IntegrityError) as caught, database.write() as tx:
        tx.execute(statement, {"phone": phone})

    assert "duplicate key" in str(caught.value)
    assert str(phone) not in str(caught.value)
    assert str(phone) not in str(caught.value.orig)


def test_doctor_tells_of_a_server_that_may_forget(runtime: Runtime) -> None:
    box = Box(settings=runtime.settings, runtime=runtime)
    well = [found.level for found in checks.postgresql(box)]
    with runtime.database.read() as tx:
        name = tx.exec_driver_sql("SELECT current_database()").scalar()
    with runtime.database.engine.connect() as connection:
        careless = connection.execution_options(isolation_level="AUTOCOMMIT")
        careless.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
    runtime.database.engine.dispose()

    found = list(checks.postgresql(box))

    assert set(well) == {Level.OK}
    assert [one.level for one in found] == [Level.OK, Level.WARNING]
    assert "synchronous_commit" in found[1].finding


def test_a_driver_that_cannot_be_loaded_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(StorageUnavailableError, match=r"libpq5.*SQLite"):
        Database("postgresql+psycopg://127.0.0.1/bellhop")


def test_a_box_on_sqlite_never_loads_the_driver(tmp_path: Path) -> None:
    said = subprocess.check_output(
        [sys.executable, "-c", LOADED_ON_SQLITE],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        text=True,
    )

    assert said == "[]\n"
