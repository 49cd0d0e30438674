"""The stage of a chaos run: a whole box in a folder, every part a process of its own.

`with Stage(folder) as stage:` starts all of it and leaves nothing behind. Whoever
breaks a part here mends it again.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from http.client import HTTPException
from types import TracebackType
from typing import Protocol, Self

from app import config
from app.broker import is_rabbit
from app.chaos.part import Part
from app.chaos.provider import Provider
from app.chaos.queue_server import QueueServer
from app.chaos.remote_queue import RemoteQueue
from app.chaos.scratch import Scratch
from app.chaos.waiting import wait_until
from app.commands.http_api import exchange
from app.config.surroundings import bare_environment
from app.runtime import queue_namespace
from app.storage.database import Database, database_url
from app.storage.migrate import migrate
from app.supervisor.services import ROOT
from app.supervisor.valkey import LOOPBACK, free_port

#: One is killed while the next one starts: kills never wait for an import.
WORKERS = 3
READY_WITHIN_S = 60.0
#: Everything that waits, waits for moments; the two queues take turns by age alone.
POLICY = """\
[queues.sms]
priority = 50
rate_limit = "0"
retry_delays = ["0.3s", "0.6s", "1s"]

[queues.email]
priority = 50
rate_limit = "0"
retry_delays = ["0.3s", "0.6s", "1s"]

[engine]
look_up = "2s"
ring_again = "1s"
retry_failed = "1s"

[schedule]
release = "0.5s"
take_over = "0.5s"
relay = "0.5s"
retry_failed = "1s"
expire = "5s"
"""


class Queue(Protocol):
    """A queue server that can be broken: one of our own, or the line to a given one."""

    @property
    def url(self) -> str:
        """Where the parts of the box find it."""

    def start(self) -> None:
        """Let it be reached, with what it remembers."""

    def kill(self) -> None:
        """Let it be gone, without a word."""

    def lose_journal(self) -> None:
        """Let it have forgotten all when it is back."""

    def stall(self) -> None:
        """Let connections stay open, and nothing answer."""

    def resume(self) -> None:
        """Let it answer again."""

    def flush(self) -> None:
        """Let it forget all."""


class Stage:
    """The parts (`queue`, `provider`, `api`, `scheduler`, `workers`), and the rows.

    The database is SQLite in the folder, or the scratch's; the queue server one of our
    own, or a corner of that at `broker_url`.
    """

    def __init__(self, scratch: Scratch, *, broker_url: str | None = None) -> None:
        self.folder = folder = scratch.folder
        self.api_key = f"bh_{secrets.token_urlsafe(24)}"
        self._stack = ExitStack()
        port = free_port()
        self.url = f"http://{LOOPBACK}:{port}"
        policy = folder / "bellhop.toml"
        policy.write_text(POLICY, encoding="utf-8")
        bare = bare_environment({"PYTHONPATH": str(ROOT)})
        self.provider = Provider(folder, environment=bare)
        self._bare = bare
        self._settings = {
            "BELLHOP_DATA_DIR": str(folder / "var"),
            "BELLHOP_CONFIG": str(policy),
            "BELLHOP_API_KEY": self.api_key,
            "BELLHOP_SECRET_KEY": secrets.token_urlsafe(48),
            "BELLHOP_PORT": str(port),
        }
        if scratch.database_url is not None:
            self._settings["DATABASE_URL"] = scratch.database_url
        self._scratch = scratch
        self._broker_url = broker_url
        self.queue: Queue
        self.database: Database
        self.api: Part
        self.scheduler: Part
        self.workers: list[Part]

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.database = self._open_database()
            stack.callback(self.database.close)
            self.queue = self._open_queue(stack)
            stack.enter_context(self.provider.part)
            self.provider.start()
            self._settings |= _accounts(self.provider)
            self.api = self._part(stack, "api", "-m", "app", "api")
            self.scheduler = self._part(stack, "scheduler", str(ROOT / "scheduler.py"))
            self.workers = [
                self._part(stack, f"worker-{number}", str(ROOT / "worker.py"))
                for number in range(1, WORKERS + 1)
            ]
            self.wait_until_answers()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def has_server(self) -> bool:
        """Whether the database is a server's, whose connections can be cut."""
        return self._scratch.database_url is not None

    def cut_database(self) -> None:
        """End the connections of all parts to the database's server."""
        self._scratch.cut_connections()

    def wait_until_answers(self) -> None:
        """Wait until the API answers."""
        wait_until(self._answers, within_s=READY_WITHIN_S, what="the API answers")

    def _part(self, stack: ExitStack, name: str, *words: str) -> Part:
        part = Part(
            name,
            [sys.executable, *words],
            environment={**self._bare, **self._settings},
            directory=self.folder,
        )
        stack.enter_context(part)
        part.start()
        return part

    def _answers(self) -> bool:
        try:
            return exchange(f"{self.url}/healthz").status == 200
        except (OSError, HTTPException):
            return False

    def _open_database(self) -> Database:
        settings = config.load(self._settings, dotenv=self.folder / "no.env")
        settings.data_dir.mkdir()
        own = self._scratch.own_database_url
        database = Database(own or database_url(settings))
        migrate(database)
        return database

    def _open_queue(self, stack: ExitStack) -> Queue:
        if self._broker_url is None:
            own = QueueServer(self.folder, environment=self._bare)
            queue = stack.enter_context(own)
            self._settings["REDIS_URL"] = queue.url
            return queue
        namespace = queue_namespace(self.database)
        given = stack.enter_context(RemoteQueue(self._broker_url, namespace=namespace))
        is_amqp = is_rabbit(given.url)
        self._settings["BROKER_URL" if is_amqp else "REDIS_URL"] = given.url
        return given


def _accounts(provider: Provider) -> Mapping[str, str]:
    return {
        "TWILIO_ACCOUNT_SID": "AC" + 32 * "0",
        "TWILIO_AUTH_TOKEN": "any-will-do",
        "TWILIO_SMS_FROM": "+14155550199",
        "TWILIO_API_BASE": provider.http,
        "EMAIL_HOST": provider.smtp_host,
        "EMAIL_PORT": provider.smtp_port,
        "EMAIL_USE_TLS": "0",
        "DEFAULT_FROM_EMAIL": "Chaos <chaos@example.com>",
    }
