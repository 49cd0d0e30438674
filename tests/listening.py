"""A real worker with one thread that only listens: it notes for what it was rung."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import dramatiq
import pytest

from app.broker import ACTOR_NAME, MAIN_WORKER, WorkerBroker
from app.broker.redis_broker import Patience, open_worker_broker
from tests.valkey import ValkeyServer
from tests.waiting import wait_until

#: A worker's time-outs, shortened so that an outage takes a moment.
IMPATIENT = Patience(
    connect_timeout_s=0.3,
    socket_timeout_s=0.4,
    longest_wait_s=0.15,
    heartbeat_timeout_s=1.0,
    upkeep_every_s=0.1,
)

#: What the log says as an outage begins and ends.
LOST, BACK = "Queue lost, trying again", "Queue is back"

#: Longer than any task or time-out of a test.
PATIENCE_S = 10


def worker_broker(
    server: ValkeyServer, *, patience: Patience = IMPATIENT
) -> WorkerBroker:
    """Return the broker of a worker on this server, in the tests' namespace."""
    return open_worker_broker(server.url, namespace="test", patience=patience)


class Listener:
    """`with Listener(broker) as listener:` runs a worker; `heard` are its task ids.

    While `gate` is cleared, a task stays in hand; `begun` are those that were begun.
    `looks` counts how often it was told to look what is due, without a ring.
    `deed` is what is done for a task before it counts as heard.
    """

    def __init__(
        self,
        broker: WorkerBroker,
        *,
        wait_ms: int = 150,
        deed: Callable[[str], object] = str,
    ) -> None:
        self.begun: list[str] = []
        self.heard: list[str] = []
        self.looks = 0
        self.gate = threading.Event()
        self.gate.set()
        self.broker = broker
        self._deed = deed
        dramatiq.actor(broker=broker, actor_name=ACTOR_NAME, queue_name=MAIN_WORKER)(
            self._run
        )
        self.worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=wait_ms)

    def __enter__(self) -> Self:
        self.worker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.gate.set()
        self.worker.stop(timeout=PATIENCE_S * 1000)
        self.broker.close()

    @property
    def is_whole(self) -> bool:
        """Whether none of the worker's threads has died."""
        threads = [*self.worker.workers, *self.worker.consumers.values()]
        return bool(threads) and all(thread.is_alive() for thread in threads)

    def _run(self, task_id: str) -> None:
        if not task_id:
            self.looks += 1
            return
        self.begun.append(task_id)
        self.gate.wait(PATIENCE_S)
        self._deed(task_id)
        self.heard.append(task_id)


def await_heard(listener: Listener, *task_ids: str, within_s: float = 5) -> None:
    """Wait until the listener was rung for these tasks and did them."""
    wait_until(
        lambda: set(task_ids) <= set(listener.heard),
        within_s=within_s,
        what=f"{task_ids} heard; were {listener.heard[-10:]}",
    )


def await_nothing_held(server: ValkeyServer) -> None:
    """Only heartbeats are left: no ring waits, no payload, none in hand."""
    with server.client() as client:
        wait_until(
            lambda: client.keys("*") == [b"test:__heartbeats__"],
            within_s=5,
            what="the queue is empty",
        )


def times_logged(log: pytest.LogCaptureFixture, event: str) -> int:
    """Count the lines of the log that tell of this event."""
    return sum(record.getMessage() == event for record in log.records)


def await_logged(log: pytest.LogCaptureFixture, event: str) -> None:
    """Wait until the log tells of this event."""
    wait_until(lambda: times_logged(log, event), within_s=5, what=f"logged: {event}")
