"""A whole Bellhop in real processes, to be broken: queue, providers, API, worker.

`with Box(tmp_path) as box:` starts all of it in a test's own folder; every part can be
killed, stopped, frozen and started again. What became of the messages is told by
`box.reckon()`, which compares the database with the providers' ledger. Database and
queue are the box's own, or those of `tests/postgres.py` and `tests/broker.py`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from app.broker import SilentDoorbell
from app.domain.tasks import FINISHED
from app.runtime import Runtime
from app.storage.tables import jobs, tasks
from tests.broker import SERVER as RABBIT
from tests.broker import broker_env, own_queues
from tests.house import ADMIN_KEY, SECRET_KEY, make_runtime
from tests.http_client import call
from tests.part import SOON_S, Part
from tests.postgres import database_env
from tests.reckoning import Reckoning, reckon
from tests.shop import Booked, Shop
from tests.simulator import Simulator
from tests.valkey import ValkeyServer, free_port
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[1]
#: Everything that waits, waits for fractions of a second. By its heartbeat alone every
#: worker would be dead at once: what it holds is its own as long as its lock is held.
POLICY = """
[queues]
sms = { rate_limit = "0", retry_delays = ["0.2s", "0.2s", "0.2s"] }
whatsapp = { rate_limit = "0", retry_delays = ["0.2s", "0.2s", "0.2s"] }
email = { rate_limit = "0", retry_delays = ["0.2s", "0.2s", "0.2s"] }
[whatsapp]
free_words = true
[engine]
look_up = "0.4s"
ring_again = "0.5s"
retry_failed = "0.5s"
worker_expiry = "1s"
[schedule]
release = "0.2s"
heartbeat = "1s"
take_over = "0.3s"
relay = "0.3s"
retry_failed = "0.3s"
expire = "1s"
"""
#: The only account that the simulator knows.
ACCOUNT_SID, AUTH_TOKEN = "AC" + 32 * "0", "token-of-the-tests"
_ACCOUNT_FLAGS = (
    *("--twilio-account-sid", ACCOUNT_SID),
    *("--twilio-auth-token", AUTH_TOKEN),
)
#: What the simulator signs its webhooks with, for the providers that have a secret.
WEBHOOK_SECRETS = {
    "WHATSAPP_APP_SECRET": "app-secret-of-the-tests",
    "VONAGE_SIGNATURE_SECRET": "signature-secret-of-the-tests",
    "RESEND_WEBHOOK_SECRET": "whsec_c2VjcmV0LW9mLXRoZS10ZXN0cw==",
}
_WEBHOOK_FLAGS = [
    flag
    for name, secret in WEBHOOK_SECRETS.items()
    for flag in (f"--{name.lower().replace('_', '-')}", secret)
]
#: What the parts may see of our own environment.
_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "COV")


class Box:
    """The parts: `queue`, `simulator`, `api`, `worker`, `scheduler`; and the `shop`.

    Further names are environment variables of all parts. `queue` runs unless the box
    queues on RabbitMQ.
    """

    def __init__(self, directory: Path, **env: str) -> None:
        self._directory = directory
        self._env = env
        self._port = free_port()
        self._stack = ExitStack()
        self.queue = ValkeyServer(directory, appendonly="yes")
        told = ("--webhooks-url", self.url, *_WEBHOOK_FLAGS)
        self.simulator = Simulator(fsync=False, flags=(*_ACCOUNT_FLAGS, *told))
        self.shop = Shop(self.url)
        self.runtime: Runtime
        self.api: Part
        self.worker: Part
        self.scheduler: Part

    def __enter__(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True)
        (self._directory / "bellhop.toml").write_text(POLICY)
        with ExitStack() as stack:
            if RABBIT is None:
                stack.enter_context(self.queue)
            stack.enter_context(self.simulator)
            house = make_runtime(self._directory, doorbell=SilentDoorbell())
            self.runtime = stack.enter_context(house)
            stack.enter_context(own_queues(self.runtime))
            self.api = stack.enter_context(self.part("api", "-m", "app", "api"))
            self.worker = stack.enter_context(self.part("worker", "worker.py"))
            self.scheduler = stack.enter_context(self.part("scheduler", "scheduler.py"))
            for part in self._parts:
                part.start()
            for part in self._parts:
                self.wait_until_ready(part)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def part(self, name: str, *words: str) -> Part:
        """Return a further process of this box, not started yet: `part("b", "x.py")`.

        A script is named as seen from the root of the repository.
        """
        script = [str(ROOT / word) if word.endswith(".py") else word for word in words]
        return Part(
            name,
            [sys.executable, *script],
            environment=self._environment(),
            directory=self._directory,
        )

    def mend(self, *, but: Part | None = None) -> None:
        """Make all run again, `but` one part, whatever an earlier test has done."""
        self.simulator.clear_faults()
        if RABBIT is None:
            self.queue.mend()
        parts = [part for part in self._parts if part is not but]
        for part in [part for part in parts if part.mend()]:
            self.wait_until_ready(part)

    def wait_until_well(self) -> None:
        """Wait until the API finds that database, queue and all parts are well."""
        ready = f"{self.url}/readyz"
        self.api.wait_until(
            lambda: call("GET", ready).status == 200, what="it is ready"
        )

    def stands(self, booked: Booked, **equal: str) -> Reckoning:
        """Return how the messages about a booking stand: `stands(it, channel="sms")`.

        Whether they were taken is not looked up.
        """
        return reckon(self.runtime, [], booking_ids=[booked.id]).of(**equal)

    def wait_for(self, booked: Booked, status: str, **equal: str) -> None:
        """Wait until the messages about the booking are there and stand like this."""
        wait_until(
            lambda: set(self.stands(booked, **equal).statuses()) == {status},
            within_s=SOON_S,
            what=f"{equal} {status}",
        )

    def wait_until_settled(self, *, within_s: float = SOON_S) -> None:
        """Wait until every message has come to its end."""
        unsettled = sa.select(sa.func.count()).where(tasks.c.status.not_in(FINISHED))

        def is_settled() -> bool:
            with self.runtime.database.read() as tx:
                return tx.execute(unsettled).scalar_one() == 0

        try:
            wait_until(is_settled, within_s=within_s, what="all is settled")
        except AssertionError as error:
            said = "".join(f"\n--- {part.name}\n{part.said}" for part in self._parts)
            raise AssertionError(f"{error}\n{reckon(self.runtime, [])}{said}") from None

    def reckon(self, booked: Iterable[Booked]) -> Reckoning:
        """Wait until all is settled, and compare these bookings with the ledger."""
        self.wait_until_settled()
        ids = [one.id for one in booked]
        return reckon(self.runtime, self.simulator.ledger(), booking_ids=ids)

    def refused(self, recipient: str) -> list[dict[str, Any]]:
        """Return what the providers did not take for this recipient, oldest first."""
        return self.simulator.ledger(accepted=False, recipient=recipient)

    def wait_until_taken(self, recipient: str) -> None:
        """Wait until a provider has taken a message for this recipient."""
        wait_until(
            lambda: self.simulator.ledger(recipient=recipient),
            within_s=SOON_S,
            what=f"{recipient} in the ledger",
        )

    def wait_for_job(self, name: str, *, begun_after: datetime) -> None:
        """Wait until the scheduler has done a job that began later than that."""

        def is_done() -> bool:
            done = sa.select(jobs.c.name).where(
                jobs.c.name == name,
                jobs.c.started_at > begun_after,
                jobs.c.succeeded_at > begun_after,
            )
            with self.runtime.database.read() as tx:
                return tx.execute(done).first() is not None

        wait_until(is_done, within_s=SOON_S, what=f"{name} after {begun_after}")

    def wait_until_ready(self, part: Part) -> None:
        """Wait until a part that was just started is at work."""
        if part in (self.worker, self.scheduler):
            part.wait_for_words(f"{part.name.title()} started")
        else:
            part.wait_until(self._answers, what="it answers")

    @property
    def _parts(self) -> tuple[Part, ...]:
        return (self.api, self.worker, self.scheduler)

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self._port}"

    def _answers(self) -> bool:
        try:
            return call("GET", f"{self.url}/healthz").status == 200
        except OSError:
            return False

    def _environment(self) -> Mapping[str, str]:
        passed_on = {k: v for k, v in os.environ.items() if k.startswith(_PASSED_ON)}
        return {
            **passed_on,
            "PYTHONPATH": str(ROOT),
            "BELLHOP_DATA_DIR": str(self._directory / "var"),
            **database_env(self._directory / "var"),
            "BELLHOP_CONFIG": str(self._directory / "bellhop.toml"),
            "BELLHOP_API_KEY": ADMIN_KEY,
            "BELLHOP_SECRET_KEY": SECRET_KEY,
            "BELLHOP_PORT": str(self._port),
            "REDIS_URL": self.queue.url,
            **broker_env(),
            "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "TWILIO_SMS_FROM": "+14155550199",
            "TWILIO_WHATSAPP_FROM": "+14155550199",
            "TWILIO_API_BASE": self.simulator.http,
            "WHATSAPP_API_BASE": self.simulator.http,
            "VONAGE_API_BASE": self.simulator.http,
            "RESEND_API_BASE": self.simulator.http,
            "EMAIL_HOST": self.simulator.smtp_host,
            "EMAIL_PORT": str(self.simulator.smtp_port),
            "EMAIL_USE_TLS": "0",
            "DEFAULT_FROM_EMAIL": "Yoga <hello@example.com>",
            "BELLHOP_PUBLIC_URL": self.url,
            **self._env,
        }
