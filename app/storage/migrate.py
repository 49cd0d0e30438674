"""Brings a database to this version's tables; safe to run any number of times."""

from __future__ import annotations

import secrets
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from app.clock import utc_now
from app.errors import StorageUnavailableError
from app.storage.database import Database
from app.storage.tables import installation

MIGRATIONS = Path(__file__).with_name("migrations")


def migrate(database: Database) -> None:
    """Run the migrations that this database has not seen.

    Raises StorageUnavailableError where a newer Bellhop has made the database.
    """
    config = _config()
    with database.write() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StorageUnavailableError(
                f"The database was made by a newer Bellhop ({error}). Start that one, "
                "or restore a backup."
            ) from None
        _name_installation(connection)


def check_migrated(database: Database) -> None:
    """Raise StorageUnavailableError when the tables are not this version's."""
    wanted = ScriptDirectory.from_config(_config()).get_current_head()
    with database.read() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found != wanted:
        raise StorageUnavailableError(
            f"The database is at version {found or 'none'}, this Bellhop needs "
            f"{wanted}. Run `python3 bellhop.py migrate` first."
        )


def _name_installation(tx: sa.Connection) -> None:
    if tx.execute(sa.select(installation.c.id)).first() is None:
        row = {"id": secrets.token_hex(4), "created_at": utc_now()}
        tx.execute(sa.insert(installation), [row])


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
