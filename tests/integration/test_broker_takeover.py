"""Rings of a dead worker go to another one, those of a living one never."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.broker import Doorbell, open_redis_doorbell
from app.broker.redis_broker import Patience, open_worker_broker
from app.broker.wire import Ring, encode_ring
from tests.listening import (
    IMPATIENT,
    Listener,
    await_heard,
    await_nothing_held,
    worker_broker,
)
from tests.valkey import ValkeyServer
from tests.waiting import wait_until

#: What a user of the queue server must be allowed, at the least.
RIGHTS = (
    "on >secret resetkeys ~test ~test:* -@all +ping +evalsha +script|load +llen "
    "+lrange +hexists +hset +rpush +blmove +zadd +zrangebyscore +zrem +smembers +sadd "
    "+srem +del +keys +lpop +hmget +hdel"
)

#: A worker that takes one ring, says so, and never comes back to it.
TAKE_ONE_RING = """
import sys
from app.broker import open_worker_broker
broker = open_worker_broker(sys.argv[1], namespace="test")
broker.declare_queue("main")
consumer = broker.consume("main", timeout=1000)
while next(consumer) is None:
    pass
print("taken", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(tmp_path) as server:
        yield server


@pytest.fixture
def doorbell(server: ValkeyServer) -> Iterator[Doorbell]:
    doorbell = open_redis_doorbell(server.url, namespace="test")
    yield doorbell
    doorbell.close()


def test_rings_of_a_killed_worker_are_heard_by_another_one(
    server: ValkeyServer, doorbell: Doorbell
) -> None:
    doorbell.ring(["task-1"])
    with subprocess.Popen(
        [sys.executable, "-c", TAKE_ONE_RING, server.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == b"taken\n"
        victim.kill()

    with Listener(worker_broker(server)) as listener:
        await_heard(listener, "task-1", within_s=3)

        await_nothing_held(server)


def test_rings_of_a_busy_worker_are_left_to_it(
    server: ValkeyServer, doorbell: Doorbell
) -> None:
    with Listener(worker_broker(server)) as busy:
        busy.gate.clear()
        doorbell.ring(["task-1"])
        wait_until(lambda: busy.begun, within_s=5, what="task-1 is begun")

        with Listener(worker_broker(server)) as idle:
            end = time.monotonic() + 2 * IMPATIENT.heartbeat_timeout_s
            wait_until(lambda: time.monotonic() > end, within_s=5, what="a long task")

            assert idle.begun == []


def test_patience_in_production_takes_over_within_fifteen_seconds() -> None:
    patience = Patience()

    worst = (
        patience.heartbeat_timeout_s + patience.upkeep_every_s + patience.longest_wait_s
    )

    assert worst < 15
    assert patience.longest_wait_s < patience.socket_timeout_s


def test_few_rights_are_enough_for_bell_and_worker(server: ValkeyServer) -> None:
    server.command("ACL", "SETUSER", "bellhop", *RIGHTS.split())
    url = server.url.replace(f":{server.password}@", "bellhop:secret@")
    # A dead worker's rings bring the rarer commands of the upkeep into play.
    ring = Ring(ring_id="dead.1", task_id="of-the-dead")
    with server.client() as client:
        client.zadd("test:__heartbeats__", {"dead": 1})
        client.hset("test:main.msgs", ring.ring_id, encode_ring(ring, worker="main"))
        client.sadd("test:__acks__.dead.main", ring.ring_id)
    doorbell = open_redis_doorbell(url, namespace="test")

    broker = open_worker_broker(url, namespace="test", patience=IMPATIENT)
    with Listener(broker) as listener:
        doorbell.ping()
        doorbell.ring(["task-1"])
        await_heard(listener, "of-the-dead", "task-1")

        assert doorbell.depth() == 0
    doorbell.close()
