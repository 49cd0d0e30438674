"""What becomes of a ring when the server fails as it is fetched or acknowledged."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.broker import Doorbell, open_redis_doorbell
from app.broker.wire import Ring, encode_ring
from tests.listening import (
    IMPATIENT,
    Listener,
    await_heard,
    await_logged,
    await_nothing_held,
    worker_broker,
)
from tests.valkey import ValkeyServer
from tests.waiting import wait_until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(tmp_path) as server:
        yield server


@pytest.fixture
def doorbell(server: ValkeyServer) -> Iterator[Doorbell]:
    doorbell = open_redis_doorbell(server.url, namespace="test")
    yield doorbell
    doorbell.close()


@pytest.fixture
def listener(server: ValkeyServer, log: pytest.LogCaptureFixture) -> Iterator[Listener]:
    broker = worker_broker(server)
    with Listener(broker) as listener:
        yield listener


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="app.broker")
    return caplog


def test_ack_that_fails_frees_the_worker_and_the_ring_comes_again(
    server: ValkeyServer,
    doorbell: Doorbell,
    listener: Listener,
    log: pytest.LogCaptureFixture,
) -> None:
    listener.gate.clear()
    doorbell.ring(["task-1", "task-2"])
    wait_until(lambda: listener.begun, within_s=5, what="task-1 is begun")

    server.config_set("maxmemory", "1")
    listener.gate.set()
    await_logged(log, "Ring not acknowledged, it will come again")
    server.config_set("maxmemory", "0")

    await_heard(listener, "task-2")
    wait_until(lambda: listener.heard.count("task-1") == 2, within_s=5, what="again")
    await_nothing_held(server)
    assert listener.is_whole


def test_ack_during_a_stall_gives_up_soon(
    server: ValkeyServer,
    doorbell: Doorbell,
    listener: Listener,
    log: pytest.LogCaptureFixture,
) -> None:
    listener.gate.clear()
    doorbell.ring(["task-1"])
    wait_until(lambda: listener.begun, within_s=5, what="task-1 is begun")
    server.stall()

    began = time.monotonic()
    listener.gate.set()
    await_logged(log, "Ring not acknowledged, it will come again")

    assert time.monotonic() - began < 2 * IMPATIENT.socket_timeout_s
    server.resume()


def test_ring_whose_fetch_got_no_answer_is_heard_after_all(
    server: ValkeyServer, doorbell: Doorbell, listener: Listener
) -> None:
    doorbell.ring(["before"])
    await_heard(listener, "before")
    ring = Ring(ring_id="lost.1", task_id="lost")
    with server.client() as client:
        # What a lost answer leaves: the server thinks that this worker has the ring.
        client.hset("test:main.msgs", ring.ring_id, encode_ring(ring, worker="main"))
        worker_id = client.zrange("test:__heartbeats__", 0, -1)[0].decode()
        client.sadd(f"test:__acks__.{worker_id}.main", ring.ring_id)

    server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    await_heard(listener, "lost")
