"""The queue without a server, with a real Dramatiq worker of one thread."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.broker import LocalDoorbell, open_local_broker
from app.broker.local_broker import LocalBroker
from app.errors import QueueUnavailableError
from tests.listening import Listener
from tests.waiting import wait_until


@pytest.fixture
def broker() -> LocalBroker:
    return open_local_broker()


@pytest.fixture
def listener(broker: LocalBroker) -> Iterator[Listener]:
    with Listener(broker) as listener:
        yield listener


@pytest.fixture
def doorbell(broker: LocalBroker, listener: Listener) -> LocalDoorbell:
    return LocalDoorbell(broker)


def test_rings_are_heard_in_their_order(
    doorbell: LocalDoorbell, listener: Listener
) -> None:
    task_ids = [f"task-{number}" for number in range(100)]

    doorbell.ring(task_ids)
    wait_until(lambda: len(listener.heard) == 100, within_s=5, what="all are heard")

    assert listener.heard == task_ids
    assert doorbell.available
    doorbell.ping()


def test_idle_worker_hears_a_ring_at_once(broker: LocalBroker) -> None:
    with Listener(broker, wait_ms=1000) as listener:
        for number in range(10):
            LocalDoorbell(broker).ring([f"task-{number}"])
            wait_until(
                lambda count=number: len(listener.heard) > count,  # type: ignore[misc]
                within_s=0.3,
                what="the ring is heard well before the worker looks by itself",
            )


def test_waiting_task_is_rung_for_once_and_one_in_hand_again(
    doorbell: LocalDoorbell, listener: Listener
) -> None:
    listener.gate.clear()
    doorbell.ring(["task-1"])
    wait_until(lambda: listener.begun, within_s=5, what="task-1 is begun")

    for _ in range(10_000):
        doorbell.ring(["task-1"])

    assert doorbell.depth() == 1
    listener.gate.set()
    wait_until(lambda: len(listener.heard) == 2, within_s=5, what="heard again")


def test_worker_needs_no_delay_queue(listener: Listener) -> None:
    assert list(listener.worker.consumers) == ["main"]
    assert listener.is_whole


def test_worker_of_another_process_cannot_be_rung(doorbell: LocalDoorbell) -> None:
    with pytest.raises(QueueUnavailableError, match="another process"):
        doorbell.ring(["task-1"], worker="media")


def test_task_that_raises_leaves_the_worker_whole(broker: LocalBroker) -> None:
    def refuse_first(task_id: str) -> None:
        if task_id == "task-1":
            raise RuntimeError("for the test")

    with Listener(broker, deed=refuse_first) as listener:
        LocalDoorbell(broker).ring(["task-1", "task-2"])
        wait_until(lambda: listener.heard, within_s=5, what="the next one is heard")

        assert listener.is_whole
    assert listener.heard == ["task-2"]


def test_actor_rings_through_its_broker_but_never_later(
    broker: LocalBroker, listener: Listener
) -> None:
    run = broker.get_actor("run")

    run.send("task-1")
    wait_until(lambda: listener.heard, within_s=5, what="task-1 is heard")

    with pytest.raises(ValueError, match="never delayed"):
        run.send_with_options(args=("task-2",), delay=1000)


def test_pulse_goes_on_idle(broker: LocalBroker, listener: Listener) -> None:
    before = broker.last_heard

    wait_until(lambda: broker.last_heard > before, within_s=2, what="a pulse")
