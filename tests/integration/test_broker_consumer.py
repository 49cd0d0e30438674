"""The worker's ear on a real Valkey, with a real Dramatiq worker of one thread."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.broker import Doorbell, open_redis_doorbell
from app.broker.redis_broker import Patience
from tests.listening import (
    Listener,
    await_heard,
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
def listener(server: ValkeyServer) -> Iterator[Listener]:
    with Listener(worker_broker(server)) as listener:
        yield listener


def test_idle_worker_hears_a_ring_at_once(
    server: ValkeyServer, doorbell: Doorbell
) -> None:
    waits = []

    # As long as a worker ever waits: polling would show as waits of up to a second.
    with Listener(worker_broker(server, patience=Patience()), wait_ms=1000) as listener:
        for number in range(40):
            began = time.monotonic()
            doorbell.ring([f"task-{number}"])
            await_heard(listener, f"task-{number}")
            waits.append(time.monotonic() - began)

    assert sorted(waits)[20] < 0.02
    assert sorted(waits)[38] < 0.1


def test_rings_are_heard_in_their_order_and_each_once(
    server: ValkeyServer, doorbell: Doorbell, listener: Listener
) -> None:
    task_ids = [f"task-{number}" for number in range(200)]

    doorbell.ring(task_ids)
    await_heard(listener, "task-199")

    assert listener.heard == task_ids
    await_nothing_held(server)


def test_worker_needs_one_consumer_thread_and_no_delay_queue(
    listener: Listener,
) -> None:
    assert list(listener.worker.consumers) == ["main"]


def test_busy_worker_leaves_the_other_rings_in_the_queue(
    doorbell: Doorbell, listener: Listener
) -> None:
    listener.gate.clear()

    doorbell.ring(["task-1", "task-2", "task-3"])
    wait_until(lambda: listener.begun, within_s=5, what="task-1 is begun")
    for _ in range(3):
        await_pulse(listener)

    assert listener.begun == ["task-1"]
    assert doorbell.depth() == 2


def test_two_workers_of_one_name_are_both_woken_by_one_call(
    server: ValkeyServer, doorbell: Doorbell, listener: Listener
) -> None:
    patience = Patience()
    with Listener(worker_broker(server, patience=patience), wait_ms=1000) as other:
        listener.gate.clear()
        other.gate.clear()

        doorbell.ring(["task-1", "task-2"])

        wait_until(lambda: other.begun, within_s=0.5, what="the other one is woken")
        wait_until(lambda: listener.begun, within_s=0.5, what="the first one is woken")
    assert sorted(listener.begun + other.begun) == ["task-1", "task-2"]


def test_task_in_hand_can_be_rung_for_again(
    doorbell: Doorbell, listener: Listener
) -> None:
    listener.gate.clear()
    doorbell.ring(["task-1"])
    wait_until(lambda: listener.begun, within_s=5, what="task-1 is begun")

    doorbell.ring(["task-1"])
    listener.gate.set()

    wait_until(lambda: len(listener.heard) == 2, within_s=5, what="heard twice")


def test_pulse_goes_on_idle_and_with_a_task_in_hand(
    doorbell: Doorbell, listener: Listener
) -> None:
    await_pulse(listener)
    listener.gate.clear()
    doorbell.ring(["task-1"])
    wait_until(lambda: listener.begun, within_s=5, what="task-1 is begun")

    for _ in range(3):
        await_pulse(listener)


def await_pulse(listener: Listener) -> None:
    before = listener.broker.last_heard
    wait_until(
        lambda: listener.broker.last_heard > before,
        within_s=2,
        what="the consumer comes round",
    )


def test_delayed_messages_are_refused(listener: Listener) -> None:
    run = listener.broker.get_actor("run")

    with pytest.raises(ValueError, match="never delayed"):
        run.send_with_options(args=("task-1",), delay=1000)


def test_actor_can_ring_through_its_broker(listener: Listener) -> None:
    listener.broker.get_actor("run").send("task-1")

    await_heard(listener, "task-1")
