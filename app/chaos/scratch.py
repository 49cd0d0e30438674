"""What a chaos run writes into: a folder, and on a given PostgreSQL a database.

Made by the command, which removes it after a kept promise and keeps it after a broken
one, to be looked into.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from pathlib import Path

import sqlalchemy as sa

from app.errors import StartError

#: What its folders and databases are called; letters of their own follow.
FOLDER, DATABASE = "bellhop-chaos-", "bellhop_chaos_"
#: By this the server tells the run's own connections from those that it cuts.
OWN_NAME = "bellhop-chaos"
SCHEME = "postgresql+psycopg"

_CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = %s AND application_name <> %s"
)


class Scratch:
    """A new `folder`; with a server, the URL of a new and empty database, or None.

    `server` is the URL of a database on a PostgreSQL that is only asked for another
    one. Raises StartError where it is none, cannot be reached or refuses.
    """

    def __init__(self, server: str | None = None) -> None:
        self._server = server
        self._name = f"{DATABASE}{secrets.token_hex(4)}"
        if server is not None:
            self._tell(f"CREATE DATABASE {self._name}")
        self.folder = Path(tempfile.mkdtemp(prefix=FOLDER))

    def __str__(self) -> str:
        place = str(self.folder)
        return place if self._server is None else f"{place} and database {self._name}"

    @property
    def database_url(self) -> str | None:
        """The URL that the parts of the box are given."""
        if self._server is None:
            return None
        url = sa.make_url(self._server).set(database=self._name)
        return url.render_as_string(hide_password=False)

    @property
    def own_database_url(self) -> str | None:
        """The same for the run itself, whose connections are never cut."""
        if self.database_url is None:
            return None
        url = sa.make_url(self.database_url)
        named = url.update_query_dict({"application_name": OWN_NAME})
        return named.render_as_string(hide_password=False)

    def cut_connections(self) -> None:
        """Have the server end everybody's connections to the database, as a crash."""
        self._tell(_CUT, self._name, OWN_NAME)

    def remove(self) -> None:
        """Leave nothing of it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._server is not None:
            self._tell(f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)")

    def _tell(self, statement: str, *values: str) -> None:
        engine = _engine(self._server or "")
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(statement, values)
        except sa.exc.DBAPIError as error:
            why = str(error.orig).strip().splitlines()[0]
            raise StartError(f"PostgreSQL cannot be used for this: {why}.") from None
        finally:
            engine.dispose()


def _engine(server: str) -> sa.Engine:
    try:
        url = sa.make_url(server)
    except sa.exc.ArgumentError:
        url = None
    if url is None or url.drivername != SCHEME:
        raise StartError(
            f"--database-url looks like {SCHEME}://user:password@host:5432/postgres: a "
            "database on the server, which is only asked to make another one."
        )
    wanted = {"application_name": OWN_NAME, "connect_timeout": "5"}
    return sa.create_engine(
        url, connect_args=wanted, isolation_level="AUTOCOMMIT", hide_parameters=True
    )
