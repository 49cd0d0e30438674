"""The house of one table: its runtime, one worker's means, and a bell nobody hears."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app import config
from app.broker import MAIN_WORKER
from app.config import Settings
from app.domain.recipients import Channel
from app.runtime import Runtime, open_runtime
from app.services import workers
from app.services.courier import Courier
from app.services.opening import open_courier
from app.storage.database import Database, database_url
from app.storage.migrate import migrate
from bench.stage import settings

#: Limits that are counted at every release, and never reached.
POLICY = "".join(
    f'[queues.{channel}]\nrate_limit = "1000000/m"\n' for channel in Channel
)


class Mute:
    """A doorbell in order, beside which nobody stands."""

    @property
    def available(self) -> bool:
        """Return True: what is due is released."""
        return True

    def ring(self, task_ids: Sequence[str], *, worker: str = MAIN_WORKER) -> None:
        """Do nothing: what is measured is the database."""

    def depth(self, worker: str = MAIN_WORKER) -> int:  # noqa: ARG002 - the protocol's
        """Return 0: nothing is kept."""
        return 0

    def ping(self) -> None:
        """Do nothing: there is no server."""

    def close(self) -> None:
        """Do nothing: nothing is open."""


@dataclass(frozen=True, kw_only=True)
class House:
    """One table, and who works on it."""

    runtime: Runtime
    courier: Courier


def make_database(folder: Path) -> Database:
    """Make an empty database in this folder, as a box that is started there has it."""
    found = _settings(folder)
    found.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(database_url(found))
    migrate(database)
    return database


@contextmanager
def house(folder: Path) -> Iterator[House]:
    """Open the house of a folder whose database is made; one worker is idle in it."""
    with open_runtime(_settings(folder), doorbell=Mute()) as runtime:
        presence = workers.register(runtime, name=MAIN_WORKER)
        courier = open_courier(runtime, boot_id=presence.boot_id, worker=presence.name)
        yield House(runtime=runtime, courier=courier)
        courier.close()
        workers.leave(runtime, presence)


def _settings(folder: Path) -> Settings:
    folder.mkdir(parents=True, exist_ok=True)
    given = settings(folder, provider_url="http://127.0.0.1:9", port=8000)
    given |= {"BELLHOP_PREVIEW": "1"}
    policy = folder / "bellhop.toml"
    policy.write_text(POLICY, encoding="utf-8")
    return config.load(given, dotenv=folder / ".env")
