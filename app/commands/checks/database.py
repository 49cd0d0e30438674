"""The database: there, whole, of this version; and what has piled up in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from app.clock import utc_now
from app.commands.checks.findings import Box, Finding, broken, info, ok, warning
from app.commands.printing import counted
from app.config import Settings
from app.domain.tasks import RELEASABLE, Status
from app.errors import BellhopError
from app.storage import examining, messages
from app.storage.database import Database, database_url
from app.storage.messages import Filter
from app.storage.migrate import check_migrated

#: From this version on, connections that write and checkpoint at once do no harm.
SAFE_SQLITE = (3, 51, 3)
#: When this was written: no clock can be right that shows an earlier time.
BUILT = datetime(2026, 11, 22, tzinfo=UTC)
#: A clock may differ by so much between two hosts without harm.
TOLERATED = timedelta(minutes=1)
#: A message that is due for longer than this waits for something that is wrong.
OVERDUE = timedelta(minutes=5)
RECENT = timedelta(hours=24)
NOTHING_WORKS = "No booking can be saved, and no message leaves."


def database(box: Box) -> Iterator[Finding]:
    """Open it, compare its version, and read all of an SQLite file."""
    url = database_url(box.settings)
    if not is_there(box.settings):
        path = sa.make_url(url).database
        advice = "Run `python3 bellhop.py migrate`."
        yield broken(f"There is no database {path}.", NOTHING_WORKS, advice)
        return
    opened = Database(url)
    try:
        check_migrated(opened)
        faults = _faults(opened)
    except (BellhopError, SQLAlchemyError) as error:
        yield broken(_sentence(error), NOTHING_WORKS)
        return
    finally:
        opened.close()
    if faults:
        yield broken(
            f"The database is damaged: {'; '.join(faults)}.",
            "Bookings and messages may be lost.",
            "Stop Bellhop, keep a copy of the file, and put back the last backup.",
        )
    else:
        yield ok("The database is whole and at this version's tables.")


def sqlite(box: Box) -> Iterator[Finding]:
    """Tell of the fault that SQLite had for years, and why it does no harm here."""
    if not database_url(box.settings).startswith("sqlite"):
        return
    if sqlite3.sqlite_version_info >= SAFE_SQLITE:
        yield ok(f"SQLite {sqlite3.sqlite_version}.")
        return
    yield info(
        f"SQLite {sqlite3.sqlite_version} can damage a file that two connections write "
        "and tidy at once.",
        "Bellhop writes one at a time (its lock is beside the file), so that cannot "
        "happen. Do not let other programs write to it while Bellhop runs.",
    )


def postgresql(box: Box) -> Iterator[Finding]:
    """Tell of settings of PostgreSQL's by which a power cut loses what was answered."""
    if box.runtime is None or box.runtime.database.is_sqlite:
        return
    with box.runtime.database.read() as tx:
        server = examining.server_settings(tx)
    yield ok(f"PostgreSQL {server['server_version']}.")
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        if server[name] == "off":
            yield warning(
                f"PostgreSQL runs with {name} = off.",
                "A power cut can lose bookings that were answered, or the database.",
                f"Set `{name} = on` in postgresql.conf and reload it.",
            )
    if server["server_encoding"] != "UTF8":
        yield warning(
            f"The database's encoding is {server['server_encoding']}.",
            "Names with letters that it does not know are refused.",
            "Make the database anew with `ENCODING 'UTF8'`.",
        )


def clock(box: Box) -> Iterator[Finding]:
    """Compare the clock with what was written last."""
    now = utc_now()
    advice = "Set the clock, and let it be kept right by the network (NTP)."
    if now < BUILT:
        found = f"The clock shows {now:%Y-%m-%d}, which is in the past."
        yield broken(found, "Messages leave at wrong times.", advice)
        return
    newest = _newest(box)
    if newest is not None and newest > now + TOLERATED:
        yield warning(
            f"Something was written at {newest:%Y-%m-%d %H:%M} UTC, which is yet to "
            f"come: it is {now:%Y-%m-%d %H:%M} UTC now. The clock was set back.",
            "What is due waits until the clock shows that time again.",
            advice,
        )
    else:
        yield ok(f"The clock shows {now:%Y-%m-%d %H:%M} UTC.")


def waiting(box: Box) -> Iterator[Finding]:
    """Count what should have left, and what was given up of late."""
    if box.runtime is None:
        return
    now = utc_now()
    with box.runtime.database.read() as tx:
        overdue = examining.count_overdue(
            tx, due_before=now - OVERDUE, among=[*RELEASABLE, Status.QUEUED]
        )
        recent = messages.count_by_status(tx, Filter(since=now - RECENT))
    if overdue:
        yield warning(
            f"{counted(overdue, 'message')} should have left minutes ago.",
            "Customers wait for them.",
            "Set right what is broken, by this list; they then leave by themselves.",
        )
    given_up = recent.get(Status.DEAD, 0)
    if given_up:
        yield warning(
            f"{counted(given_up, 'message')} of the last 24 hours could not be sent.",
            "These customers were not told.",
            "`python3 bellhop.py notifications list --status dead` has the reasons.",
        )
    if not overdue and not given_up:
        yield ok("No message is overdue, none of the last 24 hours was given up.")


def is_there(settings: Settings) -> bool:
    """Say whether opening the database would find one, and not make one."""
    url = sa.make_url(database_url(settings))
    return url.get_backend_name() != "sqlite" or Path(url.database or "").is_file()


def _faults(opened: Database) -> list[str]:
    if opened.engine.dialect.name != "sqlite":
        return []
    with opened.read() as tx:
        return examining.faults_of_file(tx)


def _newest(box: Box) -> datetime | None:
    if box.runtime is None:
        return None
    with box.runtime.database.read() as tx:
        return examining.newest_moment(tx)


def _sentence(error: Exception) -> str:
    if isinstance(error, BellhopError):
        return str(error)
    cause = str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0]
    return f"The database cannot be read: {cause}."
