"""A whole Bellhop in a test's own folder: settings, database, services, bookings.

Everything is real; only the queue is silent where a test starts no Valkey. Each call
of `make_runtime` copies a database that was migrated once in this run of the tests: a
file, or a database of PostgreSQL (`tests/postgres.py`).
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from app import config
from app.broker import Doorbell
from app.clock import utc_now
from app.config import Settings
from app.domain.bookings import Booking, Customer
from app.domain.catalogue import Service
from app.domain.money import Money
from app.runtime import Runtime, open_runtime
from app.services import bookings, catalogue, dispatch
from app.storage.database import Database, database_url
from app.storage.migrate import migrate
from app.storage.tables import metadata
from tests.postgres import database_env

Result = TypeVar("Result")

#: The first key of every test's house: its scope is `admin`.
ADMIN_KEY = "bh_admin-key-of-the-tests-0123456789"
SECRET_KEY = "secret-key-of-the-tests-0123456789-0123456789"

ALICE = Customer(name="Alice", email="alice@example.org", phone="+14155550100")
BOB = Customer(name="Bob", email="bob@example.org", phone="+14155550111")
CHARLIE = Customer(name="Charlie", email="charlie@example.org")

PRICE = Money(4500, "EUR")


def make_settings(tmp_path: Path, **env: str) -> Settings:
    """Read settings from these variables alone; a `bellhop.toml` in the folder counts.

    The process's own environment is not looked at.
    """
    policy = tmp_path / "bellhop.toml"
    policy.parent.mkdir(parents=True, exist_ok=True)
    policy.touch()  # what is named must be there; empty, it says nothing
    given = {
        "BELLHOP_DATA_DIR": str(tmp_path / "var"),
        "BELLHOP_CONFIG": str(policy),
        "BELLHOP_API_KEY": ADMIN_KEY,
        "BELLHOP_SECRET_KEY": SECRET_KEY,
        **env,
    }
    return config.load(given, dotenv=tmp_path / ".env")


def make_runtime(
    tmp_path: Path, *, doorbell: Doorbell | None = None, **env: str
) -> Runtime:
    """Build a runtime on a fresh database; the caller closes it (`with`).

    The doorbell is silent unless one is given, or `REDIS_URL` names a server. A second
    call with the same folder opens the same database: another process of the house.
    """
    data_dir = Path(env.get("BELLHOP_DATA_DIR", tmp_path / "var"))
    if "DATABASE_URL" not in env:
        env |= database_env(data_dir)
    settings = make_settings(tmp_path, **env)
    if settings.database_url is None:
        file = settings.data_dir / "bellhop.db"
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_bytes(_migrated_database())
    return open_runtime(settings, doorbell=doorbell)


def make_service(
    runtime: Runtime,
    *,
    name: str = "Yoga",
    minutes: int = 60,
    buffer_minutes: int = 0,
    capacity: int = 5,
    price: Money | None = PRICE,
    reminders: tuple[timedelta, ...] | None = None,
    active: bool = True,
) -> Service:
    """Offer a service: an hour for five people at 45 euros, unless said otherwise."""
    wish = catalogue.Wish(
        name=name,
        duration=timedelta(minutes=minutes),
        buffer=timedelta(minutes=buffer_minutes),
        capacity=capacity,
        price=price,
        reminders=reminders,
        active=active,
    )
    return perform(runtime, lambda tx: catalogue.create(tx, wish, now=utc_now()))


def make_booking(
    runtime: Runtime,
    service: Service | None = None,
    *,
    customer: Customer = ALICE,
    start: datetime | None = None,
    party_size: int = 1,
    now: datetime | None = None,
    confirmed: bool = False,
) -> Booking:
    """Book for Alice, three days ahead, unless said otherwise.

    `now`: when it is booked (a hold of the past has run out). `confirmed`: staff
    confirms it at once.
    """
    service = service or make_service(runtime)
    at = now or utc_now()
    wish = bookings.Wish(
        service_id=service.id,
        start=start or in_days(3),
        party_size=party_size,
        customer=customer,
    )

    def book(tx: sa.Connection) -> Booking:
        booking = bookings.create(tx, runtime, wish, now=at)
        return bookings.confirm(tx, runtime, booking, now=at) if confirmed else booking

    return perform(runtime, book)


def perform(runtime: Runtime, deed: Callable[[sa.Connection], Result]) -> Result:
    """Do a deed as the API does: one transaction, then release and ring."""
    return dispatch.perform(runtime, deed)


def in_days(days: float) -> datetime:
    """Return a whole hour so many days from now."""
    hour = utc_now().replace(minute=0, second=0, microsecond=0)
    return hour + timedelta(days=days)


def rows(runtime: Runtime, table: sa.Table, **equal: object) -> list[sa.RowMapping]:
    """Return a table's rows, those where the named columns have these values."""
    conditions = [table.c[name] == value for name, value in equal.items()]
    with runtime.database.read() as tx:
        return list(tx.execute(sa.select(table).where(*conditions)).mappings())


def count(runtime: Runtime, table: sa.Table, **equal: object) -> int:
    """Count a table's rows, those where the named columns have these values."""
    return len(rows(runtime, table, **equal))


def change_row(runtime: Runtime, table: sa.Table, key: str, **values: Any) -> None:
    """Give one row, by its `id`, other values: what time or a crash would have done."""
    with runtime.database.write() as tx:
        changed = tx.execute(sa.update(table).where(table.c.id == key).values(**values))
    assert changed.rowcount == 1, f"there is no row {key}"


@contextmanager
def nothing_saved(runtime: Runtime) -> Iterator[None]:
    """Fail if any row of the database is another at the end than at the beginning."""
    before = set(all_rows(runtime))
    yield
    changed = before ^ set(all_rows(runtime))
    assert not changed, "\n".join(sorted(changed))


def all_rows(runtime: Runtime) -> list[str]:
    """Return every row of every table, each as one line."""
    with runtime.database.read() as tx:
        return [
            f"{table.name}: {dict(row)}"
            for table in metadata.sorted_tables
            for row in tx.execute(sa.select(table)).mappings()
        ]


@functools.cache
def _migrated_database() -> bytes:
    with tempfile.TemporaryDirectory(prefix="bellhop-template-") as folder:
        settings = make_settings(Path(folder))
        settings.data_dir.mkdir()
        database = Database(database_url(settings))
        migrate(database)
        database.close()  # the last to leave writes all into the one file
        return (settings.data_dir / "bellhop.db").read_bytes()
