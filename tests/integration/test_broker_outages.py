"""A worker lives through everything that can happen to its queue server.

Each outage: harm, wait until the worker has noticed, cure; then a ring is heard, no
thread has died, and the log has no word of error.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from app.broker import Doorbell, open_redis_doorbell
from app.errors import QueueUnavailableError
from tests.listening import (
    BACK,
    LOST,
    Listener,
    await_heard,
    await_logged,
    await_nothing_held,
    times_logged,
    worker_broker,
)
from tests.valkey import ValkeyServer
from tests.waiting import wait_until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(tmp_path, appendonly="yes", appendfsync="always") as server:
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


def ring_when_possible(doorbell: Doorbell, *task_ids: str) -> None:
    def rung() -> bool:
        try:
            doorbell.ring(task_ids)
        except QueueUnavailableError:
            return False
        return True

    wait_until(rung, within_s=10, what="the doorbell rings again")


def set_wrong_type(key: str) -> Callable[[ValkeyServer], None]:
    def harm(server: ValkeyServer) -> None:
        with server.client() as client, client.pipeline() as pipeline:
            pipeline.delete(key)
            pipeline.set(key, "something else")
            pipeline.execute()

    return harm


def command(*words: str) -> Callable[[ValkeyServer], None]:
    return lambda server: void(server.command(*words))


def void(_: object) -> None:
    """Return nothing, so that an expression can be an action."""


OUTAGES = {
    "stall": (ValkeyServer.stall, ValkeyServer.resume),
    "crash": (ValkeyServer.kill, ValkeyServer.start),
    "out-of-memory": (
        command("CONFIG", "SET", "maxmemory", "1"),
        command("CONFIG", "SET", "maxmemory", "0"),
    ),
    "no-replicas": (
        command("CONFIG", "SET", "min-replicas-to-write", "1"),
        command("CONFIG", "SET", "min-replicas-to-write", "0"),
    ),
    "read-only": (
        command("REPLICAOF", "127.0.0.1", "1"),
        command("REPLICAOF", "NO", "ONE"),
    ),
    "fetch-denied": (
        command("ACL", "SETUSER", "default", "-evalsha"),
        command("ACL", "SETUSER", "default", "+evalsha"),
    ),
    "wait-denied": (
        command("ACL", "SETUSER", "default", "-blmove"),
        command("ACL", "SETUSER", "default", "+blmove"),
    ),
    "wrong-type-queue": (set_wrong_type("test:main"), command("DEL", "test:main")),
    "wrong-type-heartbeats": (
        set_wrong_type("test:__heartbeats__"),
        command("DEL", "test:__heartbeats__"),
    ),
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_worker_hears_again_after(
    server: ValkeyServer,
    doorbell: Doorbell,
    listener: Listener,
    log: pytest.LogCaptureFixture,
    outage: str,
) -> None:
    harm, cure = OUTAGES[outage]
    doorbell.ring(["before"])
    await_heard(listener, "before")

    harm(server)
    await_logged(log, LOST)
    cure(server)
    await_logged(log, BACK)
    ring_when_possible(doorbell, "after")
    await_heard(listener, "after")

    assert listener.is_whole
    assert [r for r in log.records if r.levelno >= logging.ERROR] == []


HARMLESS = {
    "flushall": command("FLUSHALL"),
    "flushdb": command("FLUSHDB"),
    "script-flush": command("SCRIPT", "FLUSH"),
    "connections-killed": command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"),
    "unblocked": command("CLIENT", "PAUSE", "200"),
}


@pytest.mark.parametrize("harm", HARMLESS)
def test_worker_hears_on_through(
    server: ValkeyServer, doorbell: Doorbell, listener: Listener, harm: str
) -> None:
    doorbell.ring(["before"])
    await_heard(listener, "before")

    HARMLESS[harm](server)
    ring_when_possible(doorbell, "after")
    await_heard(listener, "after")

    assert listener.is_whole


def test_worker_survives_a_script_that_hogs_the_server(
    server: ValkeyServer,
    doorbell: Doorbell,
    listener: Listener,
    log: pytest.LogCaptureFixture,
) -> None:
    server.config_set("busy-reply-threshold", "50")
    hog = threading.Thread(target=run_endless_script, args=(server,))
    hog.start()
    await_logged(log, LOST)

    server.command("SCRIPT", "KILL")
    hog.join()
    ring_when_possible(doorbell, "after")
    await_heard(listener, "after")

    assert listener.is_whole


def run_endless_script(server: ValkeyServer) -> None:
    with server.client() as client, pytest.raises(redis.RedisError):
        client.eval("while true do end", 0)


def test_rings_kept_on_disk_are_heard_after_a_restart(
    server: ValkeyServer, doorbell: Doorbell, listener: Listener
) -> None:
    listener.gate.clear()
    doorbell.ring(["in-hand", "waiting"])
    wait_until(lambda: listener.begun, within_s=5, what="the first is begun")

    server.kill()
    server.start()
    listener.gate.set()

    await_heard(listener, "in-hand", "waiting")
    await_nothing_held(server)


def test_worker_that_starts_before_its_server_hears_once_it_is_there(
    server: ValkeyServer, doorbell: Doorbell, log: pytest.LogCaptureFixture
) -> None:
    server.kill()
    broker = worker_broker(server)
    with Listener(broker) as listener:
        await_logged(log, LOST)

        server.start()
        ring_when_possible(doorbell, "task-1")

        await_heard(listener, "task-1")


def test_long_outage_is_logged_once_and_the_pulse_goes_on(
    server: ValkeyServer, listener: Listener, log: pytest.LogCaptureFixture
) -> None:
    server.kill()
    await_logged(log, LOST)

    for _ in range(5):
        before = listener.broker.last_heard
        wait_until(
            lambda then=before: listener.broker.last_heard > then,  # type: ignore[misc]
            within_s=2,
            what="the consumer tries again",
        )

    assert times_logged(log, LOST) == 1
    assert times_logged(log, BACK) == 0


def test_worker_stops_in_order_while_its_server_is_dead(
    server: ValkeyServer, doorbell: Doorbell, log: pytest.LogCaptureFixture
) -> None:
    broker = worker_broker(server)
    listener = Listener(broker)
    with listener:
        doorbell.ring(["before"])
        await_heard(listener, "before")
        server.kill()
        await_logged(log, LOST)
        began = time.monotonic()

    assert time.monotonic() - began < 3
    assert not listener.is_whole
