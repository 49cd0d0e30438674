"""`migrate`: brings the database to this version's tables."""

from __future__ import annotations

import argparse

from app import config
from app.installation import make_data_dir
from app.storage.database import Database, database_url
from app.storage.migrate import migrate


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments: there are none."""


def run(_arguments: argparse.Namespace) -> int:
    """Migrate; safe to run any number of times."""
    settings = config.load()
    make_data_dir(settings)
    database = Database(database_url(settings))
    try:
        migrate(database)
    finally:
        database.close()
    print("The database is at this version's tables.")
    return 0
