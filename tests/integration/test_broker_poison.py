"""What nobody should put into the queue, and some do: dropped, and no harm done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.broker import Doorbell, open_redis_doorbell
from app.broker.wire import Ring, encode_ring
from tests.listening import (
    Listener,
    await_heard,
    await_nothing_held,
    worker_broker,
)
from tests.valkey import ValkeyServer


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
def listener(server: ValkeyServer) -> Iterator[Listener]:
    with Listener(worker_broker(server)) as listener:
        yield listener


def good_ring(**fields: object) -> bytes:
    payload = encode_ring(Ring(ring_id="poison", task_id="task-0"), worker="main")
    return json.dumps({**json.loads(payload), **fields}).encode()


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(None, id="evicted"),
        pytest.param(b"\x00no json", id="no-json"),
        pytest.param(b"[" * 16_000, id="nested"),
        pytest.param(b"x" * 5_000_000, id="huge"),
        pytest.param(good_ring(actor_name="unknown"), id="unknown-actor"),
        pytest.param(good_ring(queue_name="elsewhere"), id="foreign-queue"),
        pytest.param(good_ring(args=[[]]), id="wrong-schema"),
        pytest.param(good_ring(options={}), id="no-ring-id"),
    ],
)
def test_poison_is_dropped_and_strands_no_neighbour(
    server: ValkeyServer,
    doorbell: Doorbell,
    caplog: pytest.LogCaptureFixture,
    payload: bytes | None,
) -> None:
    doorbell.ring(["before"])
    with server.client() as client:
        client.rpush("test:main", "poison")
        if payload is not None:
            client.hset("test:main.msgs", "poison", payload)
    doorbell.ring(["after"])

    with Listener(worker_broker(server)) as listener:
        await_heard(listener, "before", "after")
        await_nothing_held(server)

        assert listener.is_whole
    assert listener.heard == ["before", "after"]
    dropped = [r for r in caplog.records if r.getMessage() == "Ring dropped"]
    assert len(dropped) == 1


def test_options_that_came_with_a_message_are_not_obeyed(
    server: ValkeyServer, doorbell: Doorbell, listener: Listener
) -> None:
    far_future = {"redis_message_id": "odd", "eta": 10**15, "time_limit": "never"}
    with server.client() as client:
        client.hset("test:main.msgs", "odd", good_ring(options=far_future))
        client.rpush("test:main", "odd")

    await_heard(listener, "task-0")

    assert listener.is_whole
