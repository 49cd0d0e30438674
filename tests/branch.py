"""One Bellhop on several hosts: what they share, and the parts that run on each.

`shared_database`, `on_rabbitmq` and `on_valkey` stand on our own host; a `Branch` is
the API, the worker and the scheduler of another one (`tests/hosts.py`).
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import pytest
import sqlalchemy as sa

from app.chaos.proxy import Proxy
from app.runtime import queue_namespace
from app.storage.database import Database
from app.storage.migrate import migrate
from tests.box import ACCOUNT_SID, AUTH_TOKEN, ROOT
from tests.broker import delete_queues
from tests.hosts import REQUIRED, Host, Network
from tests.house import ADMIN_KEY, SECRET_KEY
from tests.http_client import Reply, call
from tests.part import Part
from tests.postgres import PREFIX, SERVER
from tests.rabbit import HOST as RABBIT_HOST
from tests.rabbit import PORT as RABBIT_PORT
from tests.rabbit import require_rabbit
from tests.valkey import ValkeyServer

#: Where the machines that run these tests have one.
USUAL_SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432/test"
#: Longer than the longest wait for a host that does not answer any more.
ANSWER_WITHIN_S = 30.0
API = "http://127.0.0.1:8000"


@contextmanager
def shared_database() -> Iterator[str]:
    """Make a database on PostgreSQL, and return its URL on our own host."""
    url = sa.make_url(SERVER or USUAL_SERVER)
    server = sa.create_engine(
        url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3}
    )
    name = f"{PREFIX}{os.getpid()}_{time.monotonic_ns()}"
    _tell(server, f"CREATE DATABASE {name}")
    try:
        shared = url.set(database=name).render_as_string(hide_password=False)
        database = Database(shared)
        migrate(database)
        database.close()
        yield shared
    finally:
        _tell(server, f"DROP DATABASE {name} WITH (FORCE)")
        server.dispose()


@contextmanager
def on_rabbitmq(network: Network, database: str, _folder: Path) -> Iterator[str]:
    """Let the hosts reach our RabbitMQ, and return its URL there."""
    require_rabbit()
    login = "amqp://guest:guest"
    with Proxy(RABBIT_HOST, RABBIT_PORT, address=network.address) as way:
        yield f"{login}@{network.address}:{way.port}/"
    delete_queues(f"{login}@{RABBIT_HOST}:{RABBIT_PORT}/", namespace=_name(database))


@contextmanager
def on_valkey(network: Network, _database: str, folder: Path) -> Iterator[str]:
    """Start a Valkey behind TLS, and return its URL for the hosts.

    The wheel's own server is built without TLS, so it ends in front of it.
    """
    file = certificate(network.address, folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with (
        ValkeyServer(folder) as valkey,
        Proxy(
            "127.0.0.1", valkey.port, encryption=context, address=network.address
        ) as way,
    ):
        place = f"{network.address}:{way.port}"
        yield f"rediss://:{valkey.password}@{place}/0?ssl_ca_certs={file}"


def certificate(address: str, folder: Path) -> Path:
    """Make a certificate for this address, with its key in the same file."""
    file = folder / "queue.pem"
    words = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    name = ("-subj", "/CN=queue", "-addext", f"subjectAltName=IP:{address}")
    both = ("-keyout", str(file), "-out", f"{file}.crt", "-days", "2", "-nodes")
    subprocess.run(["openssl", *words, *name, *both], check=True, capture_output=True)
    with file.open("a") as whole:
        whole.write(Path(f"{file}.crt").read_text())
    return file


class Branch:
    """The parts on one host: `api`, `worker`, `scheduler`; nothing else is there."""

    def __init__(
        self, host: Host, folder: Path, *, database: str, policy: Path, **env: str
    ) -> None:
        self.host = host
        self._folder = folder / host.name
        known = sa.make_url(database).update_query_dict({"application_name": host.name})
        self._env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "BELLHOP_DATA_DIR": str(self._folder / "var"),
            "BELLHOP_CONFIG": str(policy),
            "BELLHOP_API_KEY": ADMIN_KEY,
            "BELLHOP_SECRET_KEY": SECRET_KEY,
            "DATABASE_URL": known.render_as_string(hide_password=False),
            "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "TWILIO_SMS_FROM": "+14155550199",
            **env,
        }
        self.api = self._part("api", "-m", "app", "api")
        self.worker = self._part("worker", str(ROOT / "worker.py"))
        self.scheduler = self._part("scheduler", str(ROOT / "scheduler.py"))
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._folder.mkdir()
        with ExitStack() as stack:
            for part in (self.scheduler, self.worker, self.api):
                stack.enter_context(part).start()
            self.worker.wait_for_words("Worker started")
            self.scheduler.wait_for_words("Scheduler started")
            self.api.wait_until(lambda: self.is_well, what="it is ready")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()

    @property
    def is_well(self) -> bool:
        """Whether its API finds everything well, itself included."""
        try:
            return self._ask("GET", "/readyz").status == 200
        except OSError:
            return False

    def plan(self, phone: str, text: str) -> Reply:
        """Ask its API, on its own host, for an SMS; a repetition is known as one."""
        order = {
            "kind": "message",
            "channels": ["sms"],
            "to": {"phone": phone},
            "data": {"text": text},
        }
        headers = {
            "Authorization": f"Bearer {ADMIN_KEY}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"{phone} {text}",
        }
        path = "/api/v1/notifications"
        return self._ask("POST", path, body=json.dumps(order), headers=headers)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        return self.host.inside(
            lambda: call(
                method,
                f"{API}{path}",
                body=body,
                headers=headers,
                timeout_s=ANSWER_WITHIN_S,
            )
        )

    def _part(self, name: str, *words: str) -> Part:
        command = self.host.command(sys.executable, *words)
        return Part(name, command, environment=self._env, directory=self._folder)


def require_postgresql() -> None:
    """Skip the test where there is no PostgreSQL, or fail where there must be one."""
    server = sa.create_engine(
        SERVER or USUAL_SERVER, connect_args={"connect_timeout": 3}
    )
    try:
        server.connect().close()
    except sa.exc.OperationalError as error:
        if os.environ.get(REQUIRED) == "1":
            raise
        pytest.skip(f"there is no PostgreSQL: {str(error.orig).splitlines()[0]}")
    finally:
        server.dispose()


def _tell(server: sa.Engine, statement: str) -> None:
    with server.connect() as connection:
        connection.exec_driver_sql(statement)


def _name(database: str) -> str:
    opened = Database(database)
    try:
        return queue_namespace(opened)
    finally:
        opened.close()
