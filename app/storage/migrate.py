"""Brings a database to this version's tables; safe to run any number of times.

`migrate` is called by the command of that name; `check_migrated` by every process at
its start, hence without Alembic, which would take 12 MB in each of them.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import sqlalchemy as sa

from app.clock import utc_now
from app.errors import StorageUnavailableError
from app.storage import postgresql
from app.storage.database import Database
from app.storage.tables import installation

MIGRATIONS = Path(__file__).with_name("migrations")
#: Where Alembic writes down how far a database has been brought.
_VERSION = sa.table("alembic_version", sa.column("version_num", sa.String))


def migrate(database: Database) -> None:
    """Run the migrations that this database has not seen; of two at once one waits.

    Raises StorageUnavailableError where a newer Bellhop has made the database.
    """
    # Only whoever migrates pays for Alembic.
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above
    from alembic.util import CommandError  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.write() as connection:
        if not database.is_sqlite:  # which has one writer at a time anyway
            postgresql.lock_for_migration(connection)
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
    wanted = newest_version()
    with database.read() as connection:
        found = _version(connection)
    if found != wanted:
        raise StorageUnavailableError(
            f"The database is at version {found or 'none'}, this Bellhop needs "
            f"{wanted}. Run `python3 bellhop.py migrate` first."
        )


def newest_version() -> str:
    """Return the version of this Bellhop's tables: its last migration's number."""
    return max(path.name for path in MIGRATIONS.glob("versions/[0-9]*.py"))[:4]


def _version(tx: sa.Connection) -> str | None:
    if not sa.inspect(tx).has_table(_VERSION.name):
        return None
    return tx.execute(sa.select(_VERSION.c.version_num)).scalars().first()


def _name_installation(tx: sa.Connection) -> None:
    if tx.execute(sa.select(installation.c.id)).first() is None:
        row = {"id": secrets.token_hex(4), "created_at": utc_now()}
        tx.execute(sa.insert(installation), [row])
