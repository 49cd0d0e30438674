"""Migrations: they make exactly the code's tables, and may run any number of times."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.errors import StorageUnavailableError
from app.storage.database import Database
from app.storage.migrate import MIGRATIONS, check_migrated, migrate, newest_version
from app.storage.tables import installation, metadata
from tests.postgres import empty_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(empty_database(tmp_path / "box.db"))
    yield made
    made.close()


def test_migrations_make_the_tables_of_the_code(database: Database) -> None:
    migrate(database)

    with database.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)

    assert differences == []


def test_migrations_make_the_very_same_statements_as_the_code(
    database: Database, tmp_path: Path
) -> None:
    # What alembic does not compare: conditions of partial indexes, AUTOINCREMENT.
    from_code = Database(empty_database(tmp_path / "code.db"))
    with from_code.write() as tx:
        metadata.create_all(tx)
    migrate(database)

    assert indexes(database) == indexes(from_code)
    assert autoincremented(database) == autoincremented(from_code) == {"tasks"}
    from_code.close()


def test_migrating_twice_changes_nothing(database: Database) -> None:
    migrate(database)
    with database.read() as tx:
        before = (schema(tx), list(tx.execute(sa.select(installation))))

    migrate(database)

    with database.read() as tx:
        assert (schema(tx), list(tx.execute(sa.select(installation)))) == before


def test_a_database_that_was_never_migrated_says_what_to_do(database: Database) -> None:
    with pytest.raises(StorageUnavailableError, match=r"bellhop\.py migrate"):
        check_migrated(database)


def test_a_database_of_a_newer_bellhop_is_not_touched(database: Database) -> None:
    migrate(database)
    with database.write() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StorageUnavailableError, match="version 9999"):
        check_migrated(database)
    with pytest.raises(StorageUnavailableError, match="newer Bellhop"):
        migrate(database)


def test_the_newest_version_is_where_alembic_would_lead() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    head = ScriptDirectory.from_config(config).get_current_head()

    assert newest_version() == head


def test_two_that_migrate_at_once_make_the_tables_once(tmp_path: Path) -> None:
    url = empty_database(tmp_path / "box.db")
    ready = threading.Barrier(4)

    def bring_forward() -> str:
        database = Database(url)
        ready.wait()
        migrate(database)
        check_migrated(database)
        with database.read() as tx:
            name = tx.execute(sa.select(installation.c.id)).scalar_one()
        database.close()
        return str(name)

    with ThreadPoolExecutor(4) as pool:
        doing = [pool.submit(bring_forward) for _ in range(4)]
        names = [task.result() for task in doing]

    assert len(set(names)) == 1


def schema(tx: sa.Connection) -> list[str]:
    """Return how each table, index and constraint is written."""
    if tx.dialect.name == "sqlite":
        found = tx.exec_driver_sql("SELECT sql FROM sqlite_schema ORDER BY name")
        return [str(sql) for sql in found.scalars()]
    columns = tx.exec_driver_sql(
        "SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable) "
        "FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1"
    )
    constraints = tx.exec_driver_sql(
        "SELECT concat_ws(' ', conname, pg_get_constraintdef(oid)) "
        "FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1"
    )
    return [*columns.scalars(), *constraints.scalars(), *_indexes(tx).values()]


def indexes(database: Database) -> dict[str, str]:
    with database.read() as tx:
        return {name: " ".join(sql.split()) for name, sql in _indexes(tx).items()}


def _indexes(tx: sa.Connection) -> dict[str, str]:
    found = tx.exec_driver_sql(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql NOT NULL"
        if tx.dialect.name == "sqlite"
        else "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' "
        "AND indexname NOT LIKE 'alembic%%' ORDER BY 1"
    )
    return {name: sql for name, sql in found}  # noqa: C416 - rows are no pairs to mypy


def autoincremented(database: Database) -> set[str]:
    with database.read() as tx:
        found = tx.exec_driver_sql(
            "SELECT name FROM sqlite_schema WHERE sql LIKE '%AUTOINCREMENT%'"
            if tx.dialect.name == "sqlite"
            else "SELECT table_name FROM information_schema.columns "
            "WHERE column_default LIKE 'nextval%%'"
        )
        return set(found.scalars())
