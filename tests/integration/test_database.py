"""The database: SQLite as it is set up here, and what its errors are called."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.errors import StorageUnavailableError
from app.storage.database import Database

ROOT = Path(__file__).resolve().parents[2]

#: What each connection must be like, and why: WAL (readers never wait), FULL (what was
#: answered survives a power cut), five seconds for backups, rows that belong together
#: go together, what was cleaned up is gone from the file, a doctored file runs nothing.
PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,
    "busy_timeout": 5000,
    "foreign_keys": 1,
    "secure_delete": 1,
    "trusted_schema": 0,
}
#: A reader and writer that works for so many seconds: it reads, and then writes what
#: follows from it. Prints how often it came round.
MIXED_LOAD = """
import sys, time
import sqlalchemy as sa
from app.storage.database import Database
database = Database(sys.argv[1])
until, rounds = time.monotonic() + float(sys.argv[2]), 0
while time.monotonic() < until:
    with database.write() as tx:
        n = tx.execute(sa.text("SELECT n FROM counter")).scalar_one()
        tx.execute(sa.text("INSERT INTO seen VALUES (:n)"), {"n": n})
        tx.execute(sa.text("UPDATE counter SET n = :n"), {"n": n + 1})
    with database.read() as tx:
        tx.execute(sa.text("SELECT count(*), max(n) FROM seen")).one()
    rounds += 1
print(rounds)
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'box.db'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = Database(url)
    with made.write() as tx:
        tx.execute(sa.text("CREATE TABLE counter (n INTEGER)"))
        tx.execute(sa.text("CREATE TABLE seen (n INTEGER UNIQUE)"))
        tx.execute(sa.text("INSERT INTO counter VALUES (0)"))
    yield made
    made.close()


def test_every_connection_is_set_up_alike(database: Database) -> None:
    with database.read() as first, database.read() as second, database.write() as third:
        found = [
            {name: tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in PRAGMAS}
            for tx in (first, second, third)
        ]

    assert found == [PRAGMAS] * 3


def test_what_writes_begins_immediately_and_what_reads_does_not(
    database: Database,
) -> None:
    begun: list[str] = []

    @sa.event.listens_for(database.engine, "checkout")
    def note(connection: Any, *_more: object) -> None:
        connection.set_trace_callback(begun.append)

    with database.write():
        pass
    with database.read():
        pass

    assert begun == ["BEGIN IMMEDIATE", "COMMIT", "BEGIN DEFERRED", "COMMIT"]


def test_a_reader_sees_one_moment_and_is_not_blocked_by_a_writer(
    database: Database,
) -> None:
    with database.read() as reader:
        before = reader.execute(sa.text("SELECT n FROM counter")).scalar_one()
        with database.write() as tx:
            tx.execute(sa.text("UPDATE counter SET n = 7"))
        within = reader.execute(sa.text("SELECT n FROM counter")).scalar_one()
    with database.read() as reader:
        after = reader.execute(sa.text("SELECT n FROM counter")).scalar_one()

    assert (before, within, after) == (0, 0, 7)


def test_an_error_undoes_the_whole_transaction(database: Database) -> None:
    def stumble() -> None:
        with database.write() as tx:
            tx.execute(sa.text("UPDATE counter SET n = 7"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stumble()

    with database.read() as tx:
        assert tx.execute(sa.text("SELECT n FROM counter")).scalar_one() == 0


def test_three_processes_under_mixed_load_never_find_it_locked(
    url: str, database: Database
) -> None:
    command = [sys.executable, "-c", MIXED_LOAD, url, "3"]
    writers = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]

    rounds = [int(writer.communicate()[0] or -1) for writer in writers]

    assert [writer.returncode for writer in writers] == [0, 0, 0]
    with database.read() as tx:
        counted = tx.execute(sa.text("SELECT n FROM counter")).scalar_one()
    assert counted == sum(rounds)
    # Each had its share: nobody was locked out.
    assert min(rounds) > max(rounds) / 4


def test_a_database_that_somebody_keeps_locked_is_named_as_such(
    tmp_path: Path, database: Database
) -> None:
    shell = sqlite3.connect(tmp_path / "box.db", isolation_level=None)
    shell.execute("BEGIN IMMEDIATE")
    with database.read() as tx:  # this connection waits only for a moment from now on
        tx.exec_driver_sql("PRAGMA busy_timeout = 10")

    with (
        pytest.raises(StorageUnavailableError, match="database is locked"),
        database.write(),
    ):
        pass

    shell.close()


def test_a_full_disk_is_named_as_such(database: Database) -> None:
    with database.write() as tx:
        pages = tx.exec_driver_sql("PRAGMA page_count").scalar_one()
        tx.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(StorageUnavailableError, match="full"), database.write() as tx:
        tx.exec_driver_sql("CREATE TABLE more AS SELECT zeroblob(100000)")


def test_a_file_that_is_no_database_is_named_as_such(tmp_path: Path) -> None:
    file = tmp_path / "letter.db"
    file.write_bytes(b"Dear Alice, " * 1000)
    database = Database(f"sqlite:///{file}")

    with (
        pytest.raises(StorageUnavailableError, match="not a database"),
        database.read() as tx,
    ):
        tx.exec_driver_sql("SELECT 1 FROM sqlite_schema")

    database.close()


def test_a_pool_with_no_connection_left_is_named_as_such(database: Database) -> None:
    database.engine.pool._timeout = 0.01  # type: ignore[attr-defined]
    done = threading.Event()
    everything_is_lent = threading.Barrier(16)

    def borrow() -> None:
        with database.read():
            everything_is_lent.wait()
            done.wait()

    borrowers = [threading.Thread(target=borrow) for _ in range(15)]
    for borrower in borrowers:
        borrower.start()
    everything_is_lent.wait()

    try:
        with pytest.raises(StorageUnavailableError), database.read():
            pass
    finally:
        done.set()
        for borrower in borrowers:
            borrower.join()


def test_what_a_statement_was_given_is_in_no_error(database: Database) -> None:
    with database.write() as tx:
        tx.execute(sa.text("INSERT INTO seen VALUES (4915112345678)"))

    with pytest.raises(sa.exc.IntegrityError) as caught, database.write() as tx:
        tx.execute(
            sa.text("INSERT INTO seen VALUES (:phone)"), {"phone": 4915112345678}
        )

    assert "4915112345678" not in str(caught.value)
