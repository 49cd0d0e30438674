"""The worker's ear on a real RabbitMQ, with a real Dramatiq worker of one thread."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from app.broker import Doorbell, open_doorbell
from app.broker.rabbit_broker import RabbitPatience
from tests.listening import Listener, await_heard
from tests.rabbit import Rabbit, rabbit_broker
from tests.waiting import wait_until

#: A worker that takes one ring, says so, and never comes back to it.
TAKE_ONE_RING = """
import sys
from app.broker import open_worker_broker
broker = open_worker_broker(sys.argv[1], namespace=sys.argv[2])
broker.declare_queue("main")
consumer = broker.consume("main", timeout=1000)
while next(consumer) is None:
    pass
print("taken", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def rabbit() -> Iterator[Rabbit]:
    with Rabbit() as rabbit:
        yield rabbit


@pytest.fixture
def doorbell(rabbit: Rabbit) -> Iterator[Doorbell]:
    doorbell = open_doorbell(rabbit.direct_url, namespace=rabbit.namespace)
    yield doorbell
    doorbell.close()


@pytest.fixture
def listener(rabbit: Rabbit) -> Iterator[Listener]:
    with Listener(rabbit_broker(rabbit)) as listener:
        yield listener


def test_idle_worker_hears_a_ring_at_once(rabbit: Rabbit, doorbell: Doorbell) -> None:
    waits = []

    # As long as a worker ever waits: polling would show as waits of up to a second.
    broker = rabbit_broker(rabbit, patience=RabbitPatience())
    with Listener(broker, wait_ms=1000) as listener:
        for number in range(40):
            began = time.monotonic()
            doorbell.ring([f"task-{number}"])
            await_heard(listener, f"task-{number}")
            waits.append(time.monotonic() - began)

    assert sorted(waits)[20] < 0.02
    assert sorted(waits)[38] < 0.1


def test_rings_are_heard_in_their_order_and_each_once(
    rabbit: Rabbit, doorbell: Doorbell
) -> None:
    task_ids = [f"task-{number}" for number in range(200)]

    with Listener(rabbit_broker(rabbit)) as listener:
        doorbell.ring(task_ids)
        await_heard(listener, "task-199")

    assert listener.heard == task_ids
    # The worker has gone: whatever it had not acknowledged would be back.
    assert rabbit.depth() == 0


def test_worker_needs_one_consumer_thread_and_one_queue(
    rabbit: Rabbit, listener: Listener
) -> None:
    assert list(listener.worker.consumers) == ["main"]
    wait_until(lambda: rabbit.consumers() == 1, within_s=5, what="it hears")


def test_busy_worker_leaves_the_other_rings_in_the_queue(
    rabbit: Rabbit, doorbell: Doorbell, listener: Listener
) -> None:
    listener.gate.clear()

    doorbell.ring(["task-1", "task-2", "task-3"])
    wait_until(lambda: listener.begun, within_s=5, what="task-1 is begun")
    for _ in range(3):
        await_pulse(listener)

    assert listener.begun == ["task-1"]
    assert rabbit.depth() == 2


def test_two_workers_of_one_name_share_the_rings(
    rabbit: Rabbit, doorbell: Doorbell, listener: Listener
) -> None:
    with Listener(rabbit_broker(rabbit)) as other:
        wait_until(lambda: rabbit.consumers() == 2, within_s=5, what="both hear")
        listener.gate.clear()
        other.gate.clear()

        doorbell.ring(["task-1", "task-2"])

        wait_until(lambda: other.begun, within_s=0.5, what="the other one is woken")
        wait_until(lambda: listener.begun, within_s=0.5, what="the first one is woken")
    assert sorted(listener.begun + other.begun) == ["task-1", "task-2"]


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


def test_heartbeats_are_answered_throughout_a_long_task(
    rabbit: Rabbit, doorbell: Doorbell, listener: Listener
) -> None:
    # With heartbeats of a second, the server gives a silent worker up after two.
    listener.gate.clear()
    doorbell.ring(["task-1"])
    wait_until(lambda: listener.begun, within_s=5, what="task-1 is begun")

    end = time.monotonic() + 4
    wait_until(lambda: time.monotonic() > end, within_s=5, what="a long task")
    listener.gate.set()
    await_heard(listener, "task-1")
    doorbell.ring(["task-2"])
    await_heard(listener, "task-2")

    assert listener.begun == ["task-1", "task-2"]
    assert rabbit.depth() == 0


def test_ring_of_a_killed_worker_is_heard_by_another_one_at_once(
    rabbit: Rabbit, doorbell: Doorbell
) -> None:
    doorbell.ring(["task-1"])
    with subprocess.Popen(
        [sys.executable, "-c", TAKE_ONE_RING, rabbit.url, rabbit.namespace],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == b"taken\n"
        assert rabbit.depth() == 0

        with Listener(rabbit_broker(rabbit)) as listener:
            victim.kill()
            await_heard(listener, "task-1", within_s=1)


@pytest.mark.parametrize(
    "poison",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\x00", id="no-text"),
        pytest.param(b"task\n1", id="not-printable"),
        pytest.param(b"x" * 5_000_000, id="huge"),
        pytest.param(b'{"actor_name": "run", "args": []}' * 10, id="json"),
    ],
)
def test_poison_is_dropped_and_strands_no_neighbour(
    rabbit: Rabbit,
    doorbell: Doorbell,
    caplog: pytest.LogCaptureFixture,
    poison: bytes,
) -> None:
    doorbell.ring(["before"])
    rabbit.put(poison)
    doorbell.ring(["after"])

    with Listener(rabbit_broker(rabbit)) as listener:
        await_heard(listener, "before", "after")

        assert listener.is_whole
    assert listener.heard == ["before", "after"]
    assert rabbit.depth() == 0
    dropped = [r for r in caplog.records if r.getMessage() == "Ring dropped"]
    assert len(dropped) == 1


def test_delayed_messages_are_refused(listener: Listener) -> None:
    run = listener.broker.get_actor("run")

    with pytest.raises(ValueError, match="never delayed"):
        run.send_with_options(args=("task-1",), delay=1000)


def test_actor_can_ring_through_its_broker(listener: Listener) -> None:
    listener.broker.get_actor("run").send("task-1")

    await_heard(listener, "task-1")
