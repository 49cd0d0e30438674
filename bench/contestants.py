"""Who takes part, and what each does in one turn: drain a full queue, then wake up.

A turn has everything to itself: a fresh folder, provider, queue server and database,
and nothing of the others runs meanwhile. Every queue is full before the first message
leaves, and nothing is added while it drains: a peer's worker is started on a full
queue, Bellhop's messages fall due at one moment.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bench import peer_venv
from bench.children import free_port, output_of, own_python, running
from bench.figures import drain_rate
from bench.json_client import Client
from bench.peers import job
from bench.peers.singles import Single, one_by_one
from bench.provider import Provider, provider
from bench.queue_server import QueueServer, queue_server
from bench.stage import API_KEY, Stage, box, settings, wait_until_answers

#: Seconds for the last message, far more than the slowest needs.
DRAINED_WITHIN_S = 180.0
ARRIVED_WITHIN_S = 30.0
#: Rows of the singles begin here.
FIRST_SINGLE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Load:
    """How much one turn asks for."""

    drained: int
    singles: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What one turn showed: messages a second, and seconds from an idle worker.

    `since_call` counts from when the enqueuing call began, `since_return` from when it
    had returned.
    """

    rate: float
    since_call: list[float] = field(default_factory=list)
    since_return: list[float] = field(default_factory=list)


class Contestant(Protocol):
    """One that delivers messages."""

    @property
    def name(self) -> str:
        """What it is called in the table."""

    @property
    def has_queue(self) -> bool:
        """Whether waking it up and its queue's memory are of interest."""

    def turn(self, folder: Path, load: Load) -> Turn:
        """Drain a full queue, then send single messages."""

    def queue_bytes(self, folder: Path, count: int) -> int:
        """Return the queue server's memory with so many messages waiting."""


@dataclass(frozen=True, kw_only=True)
class Bellhop:
    """The whole box, asked over its HTTP API."""

    name: str = "Bellhop"
    has_queue: bool = True

    def turn(self, folder: Path, load: Load) -> Turn:
        """Drain a full queue, then send single messages."""
        with provider(folder) as found, box(folder, found) as stage:
            # All fall due at one moment, when they are all saved.
            due = time.time() + 4 + load.drained / 100
            _post_all(stage.client(), load.drained, due=due)
            if time.time() > due:
                raise RuntimeError(
                    "this machine saves fewer than 100 messages a second"
                )
            found.wait_for(load.drained, within_s=DRAINED_WITHIN_S)
            rate = drain_rate(list(found.arrivals().values()))
            return _woken(found, rate, load, self._singles(stage, load))

    def queue_bytes(self, folder: Path, count: int) -> int:
        """Run the API alone, so that nothing is taken out of the queue."""
        port = free_port()
        with queue_server(folder) as server:
            environment = {
                **settings(folder, provider_url="http://127.0.0.1:9", port=port),
                "REDIS_URL": server.url,
            }
            migrate, api = (
                own_python("-m", "app", "migrate"),
                own_python("-m", "app", "api"),
            )
            output_of(migrate, folder=folder, environment=environment)
            url = f"http://127.0.0.1:{port}"
            with running(api, folder=folder, environment=environment) as child:
                wait_until_answers(child, f"{url}/healthz", folder)
                _post_all(Client(url, api_key=API_KEY), count)
            return server.used_bytes()

    def _singles(self, stage: Stage, load: Load) -> list[Single]:
        stage.wait_until_quiet()
        client = stage.client()

        def enqueue(number: int) -> str:
            to = job.phone(FIRST_SINGLE + number)
            client.call("POST", "/api/v1/notifications", message(to))
            return to

        return one_by_one(load.singles, seed=load.seed, enqueue=enqueue)


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A peer: its module in `bench/peers`, and the command that runs its worker."""

    name: str
    module: str
    worker: tuple[str, ...]
    has_queue: bool = True

    def turn(self, folder: Path, load: Load) -> Turn:
        """Drain a full queue, then send single messages."""
        with provider(folder) as found, queue_server(folder) as server:
            environment = _environment(folder, found, server)
            self._produce(folder, environment, "fill", 0, load.drained)
            program, *arguments = self.worker
            command = [peer_venv.program(program), *arguments]
            command = [word.format(url=server.url) for word in command]
            with running(command, folder=folder, environment=environment):
                found.wait_for(load.drained, within_s=DRAINED_WITHIN_S)
                rate = drain_rate(list(found.arrivals().values()))
                printed = self._produce(
                    folder,
                    environment,
                    "singles",
                    FIRST_SINGLE,
                    load.singles,
                    load.seed,
                )
                singles = [Single(*each) for each in json.loads(printed)]
                return _woken(found, rate, load, singles)

    def queue_bytes(self, folder: Path, count: int) -> int:
        """Fill the queue without a worker."""
        with queue_server(folder) as server:
            environment = _environment(folder, Provider(url=""), server)
            self._produce(folder, environment, "fill", 0, count)
            return server.used_bytes()

    def _produce(
        self, folder: Path, environment: dict[str, str], deed: str, *numbers: int
    ) -> str:
        command = [peer_venv.program("python"), "-m", "bench.peers.producer"]
        command += [self.module, deed, *map(str, numbers)]
        return output_of(command, folder=folder, environment=environment)


@dataclass(frozen=True, kw_only=True)
class Loop:
    """The peers' job without a queue."""

    name: str = "loop without a queue"
    has_queue: bool = False

    def turn(self, folder: Path, load: Load) -> Turn:
        """Deliver the rows one after the other."""
        with provider(folder) as found:
            environment = _environment(folder, found)
            command = own_python("-m", "bench.peers.loop", str(load.drained))
            output_of(command, folder=folder, environment=environment)
            return Turn(rate=drain_rate(list(found.arrivals().values())))

    def queue_bytes(self, folder: Path, count: int) -> int:  # noqa: ARG002 - it has none
        """Return 0."""
        return 0


#: Started as the peers' documentation says, with one worker of one thread. Those
#: that write lines for every message (RQ, Huey) are asked to be quiet, as Bellhop is.
PEERS = (
    Peer(
        name="Celery",
        module="celery_peer",
        worker=("celery", "-A", "bench.peers.celery_peer", "worker", "--pool=solo"),
    ),
    Peer(
        name="RQ",
        module="rq_peer",
        worker=("rq", "worker", "--url", "{url}", "-w", "rq.SimpleWorker", "--quiet"),
    ),
    Peer(
        name="Huey",
        module="huey_peer",
        worker=(
            *("huey_consumer", "bench.peers.huey_peer.huey"),
            *("-k", "thread", "-w", "1", "--quiet"),
        ),
    ),
    Peer(
        name="Dramatiq",
        module="dramatiq_peer",
        worker=("dramatiq", "bench.peers.dramatiq_peer", "-p", "1", "-t", "1"),
    ),
)


def message(phone: str, **more: Any) -> dict[str, Any]:
    """Return the body of one notification, with the words that the peers' job sends."""
    return {
        "kind": "booking_confirmed",
        "channels": ["sms"],
        "to": {"name": "Alice", "phone": phone},
        "data": {"service_name": "Haircut", "start": "2031-05-22T14:30:00+02:00"},
        **more,
    }


def _post_all(client: Client, count: int, *, due: float | None = None) -> None:
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(due))
    more = {} if due is None else {"send_at": moment}
    for number in range(count):
        body = message(job.phone(number), **more)
        client.call("POST", "/api/v1/notifications", body)


def _environment(
    folder: Path, found: Provider, server: QueueServer | None = None
) -> dict[str, str]:
    return {
        job.DATABASE: f"sqlite:///{folder / 'rows.db'}",
        job.PROVIDER: found.url,
        job.QUEUE: server.url if server else "",
    }


def _woken(found: Provider, rate: float, load: Load, singles: list[Single]) -> Turn:
    found.wait_for(load.drained + load.singles, within_s=ARRIVED_WITHIN_S)
    arrivals = found.arrivals()
    return Turn(
        rate=rate,
        since_call=[arrivals[single.phone] - single.called for single in singles],
        since_return=[
            max(0.0, arrivals[single.phone] - single.returned) for single in singles
        ],
    )
