"""Migrations: they make exactly the code's tables, and may run any number of times."""

from __future__ import annotations

from collections.abc import Iterator
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


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'box.db'}")
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
    from_code = Database(f"sqlite:///{tmp_path / 'code.db'}")
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


def schema(tx: sa.Connection) -> list[str | None]:
    found = tx.exec_driver_sql("SELECT sql FROM sqlite_schema ORDER BY name")
    return list(found.scalars())


def indexes(database: Database) -> dict[str, str]:
    with database.read() as tx:
        found = tx.exec_driver_sql(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql NOT NULL"
        )
        return {name: " ".join(sql.split()) for name, sql in found}


def autoincremented(database: Database) -> set[str]:
    with database.read() as tx:
        found = tx.exec_driver_sql(
            "SELECT name FROM sqlite_schema WHERE sql LIKE '%AUTOINCREMENT%'"
        )
        return set(found.scalars())
