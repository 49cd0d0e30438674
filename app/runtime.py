"""The long-lived parts of a process, built once and handed on.

Made by the entry points (`worker.py`, `scheduler.py`, the API and commands); services
get it as their first argument where they need more than an open transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from app.broker import Doorbell, SilentDoorbell, open_doorbell
from app.channels.table import Mode, channel_orders, first
from app.config import Settings
from app.domain.heartbeats import Heartbeats
from app.domain.recipients import Channel
from app.errors import ConfigError, Problem, StorageUnavailableError
from app.installation import make_data_dir
from app.policy import Policy, load_policy
from app.storage.database import Database, database_url
from app.storage.migrate import check_migrated
from app.storage.tables import installation
from app.work import Registry

#: Where `up` writes the address of the queue server that it has started.
EMBEDDED_URL = "queue/url"


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What every process has: settings, policy, the database and the doorbell."""

    settings: Settings
    policy: Policy
    database: Database
    doorbell: Doorbell
    #: Who sends each channel's messages, the preferred one first: providers' names, or
    #: `preview`; none: the channel is off.
    orders: Mapping[Channel, tuple[Mode, ...]]
    #: The kinds of task that were found in `actors/`; not every command looks there.
    registry: Registry = field(default_factory=Registry)
    #: What this process has seen of the workers of other hosts.
    heartbeats: Heartbeats = field(default_factory=Heartbeats)

    @property
    def modes(self) -> Mapping[Channel, Mode]:
        """How each channel sends while all are well: a provider, `preview` or `off`."""
        return {channel: first(order) for channel, order in self.orders.items()}

    def close(self) -> None:
        """Give back connections and files."""
        self.doorbell.close()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def open_runtime(
    settings: Settings,
    *,
    doorbell: Doorbell | None = None,
    registry: Registry | None = None,
) -> Runtime:
    """Build the runtime of a process; raises ConfigError, StartError and, where the
    database is out of reach or of another version, StorageUnavailableError.

    `doorbell`: one's own; the queue server in force is rung where none is given.
    """
    registry = registry or Registry()
    policy, orders = _read(settings)
    registry.check_queues(policy.queues)
    _check_place(settings)
    make_data_dir(settings)
    database = Database(database_url(settings))
    try:
        check_migrated(database)
        doorbell = doorbell or _doorbell(settings, database)
    except BaseException:
        database.close()
        raise
    return Runtime(
        settings=settings,
        policy=policy,
        database=database,
        doorbell=doorbell,
        orders=orders,
        registry=registry,
    )


def _read(settings: Settings) -> tuple[Policy, Mapping[Channel, tuple[Mode, ...]]]:
    """Read policy and channels; raise ConfigError with what is wrong in either."""
    try:
        policy = load_policy(settings.policy_file)
    except ConfigError as error:
        raise ConfigError([*error.problems, *_problems_of_channels(settings)]) from None
    return policy, channel_orders(settings)


def _problems_of_channels(settings: Settings) -> Sequence[Problem]:
    try:
        channel_orders(settings)
    except ConfigError as error:
        return error.problems
    return ()


def _check_place(settings: Settings) -> None:
    """Raise StorageUnavailableError before anything is made in a wrong directory."""
    file = sa.make_url(database_url(settings)).database
    is_sqlite = database_url(settings).startswith("sqlite")
    if is_sqlite and file and not Path(file).exists():
        raise StorageUnavailableError(
            f"There is no database {Path(file).absolute()}. Is this the right "
            "directory? `python3 bellhop.py migrate` makes one (and `up` does)."
        )


def queue_url(settings: Settings) -> str | None:
    """Return the queue server's address: the one set, or that of `up`'s own server.

    None: there is none, and the worker looks into the database by itself.
    """
    if settings.given_queue is not None:
        return settings.given_queue
    try:
        embedded = settings.data_dir / EMBEDDED_URL
        return embedded.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def queue_namespace(database: Database) -> str:
    """Return the prefix of our keys: two installations may share a queue server."""
    with database.read() as tx:
        name = tx.execute(sa.select(installation.c.id)).scalar_one_or_none()
    if name is None:
        raise StorageUnavailableError(
            "The database has no name yet. Run `python3 bellhop.py migrate` first."
        )
    return f"bellhop-{name}"


def _doorbell(settings: Settings, database: Database) -> Doorbell:
    url = queue_url(settings)
    if url is None:
        return SilentDoorbell()
    return open_doorbell(url, namespace=queue_namespace(database))
