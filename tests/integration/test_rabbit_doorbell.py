"""The doorbell on a real RabbitMQ: what it stores, and what its failures cost."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pika
import pytest

from app.broker import Doorbell, open_doorbell
from app.errors import QueueUnavailableError
from tests.rabbit import Rabbit
from tests.waiting import wait_until

#: Seconds that a ring may cost a request when the server is ill.
BUDGET_S = 1.0
#: Seconds that count as "at once" on a busy machine.
AT_ONCE_S = 0.15


@pytest.fixture
def rabbit() -> Iterator[Rabbit]:
    with Rabbit() as rabbit:
        yield rabbit


@pytest.fixture
def doorbell(rabbit: Rabbit) -> Iterator[Doorbell]:
    doorbell = open_doorbell(rabbit.url, namespace=rabbit.namespace)
    yield doorbell
    doorbell.close()


def seconds_of_failing_ring(
    doorbell: Doorbell, *, match: str = "queue server"
) -> float:
    began = time.monotonic()
    with pytest.raises(QueueUnavailableError, match=match):
        doorbell.ring(["task-1"])
    return time.monotonic() - began


def await_probe(doorbell: Doorbell) -> None:
    wait_until(lambda: doorbell.available, within_s=6, what="a probe is let through")


def test_rings_are_counted_until_they_are_taken(doorbell: Doorbell) -> None:
    doorbell.ring(["task-1", "task-2"])
    doorbell.ring(["task-3"], worker="media")
    doorbell.ring([])

    assert doorbell.depth() == 2
    assert doorbell.depth("media") == 1


def test_ring_is_a_lasting_message_with_a_task_id_alone(
    rabbit: Rabbit, doorbell: Doorbell
) -> None:
    doorbell.ring(["task-1"])

    properties, body = rabbit.take()

    assert body == b"task-1"
    assert properties.delivery_mode == pika.DeliveryMode.Persistent.value
    assert properties.headers is None


def test_ring_that_nobody_hears_goes_away_by_itself(
    rabbit: Rabbit, doorbell: Doorbell
) -> None:
    doorbell.ring(["task-1"])

    properties, _ = rabbit.take()

    assert int(properties.expiration) == 600_000


def test_threads_can_share_a_doorbell(doorbell: Doorbell) -> None:
    def ring_fifty(number: int) -> None:
        for count in range(50):
            doorbell.ring([f"task-{number}-{count}"])

    in_threads(8, ring_fifty)

    assert doorbell.depth() == 400


def in_threads(count: int, deed: Callable[[int], object]) -> None:
    threads = [threading.Thread(target=deed, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_id_that_cannot_be_one_is_refused_before_anything_is_sent(
    doorbell: Doorbell,
) -> None:
    with pytest.raises(ValueError, match="cannot be the id"):
        doorbell.ring(["task-1", "task\n2"])

    assert doorbell.available
    assert doorbell.depth() == 0


def test_deleted_queue_is_declared_again_within_the_ring(
    rabbit: Rabbit, doorbell: Doorbell
) -> None:
    doorbell.ring(["task-1"])
    rabbit.delete_queue()

    doorbell.ring(["task-2", "task-3"])

    assert rabbit.depth() == 2


def test_line_that_was_cut_while_idle_costs_no_ring(
    rabbit: Rabbit, doorbell: Doorbell
) -> None:
    doorbell.ring(["task-1"])
    rabbit.proxy.cut()

    doorbell.ring(["task-2"])

    assert rabbit.depth() == 2


def test_line_that_died_without_a_word_is_replaced_within_the_ring(
    rabbit: Rabbit, doorbell: Doorbell
) -> None:
    # What a firewall does that forgets an idle connection: nothing comes through the
    # old line, and nobody says so; a new one works.
    doorbell.ring(["task-1"])
    rabbit.proxy.strand()

    began = time.monotonic()
    doorbell.ring(["task-2"])

    assert time.monotonic() - began < BUDGET_S
    assert rabbit.depth() == 2


def test_refused_connection_costs_nothing(rabbit: Rabbit, doorbell: Doorbell) -> None:
    rabbit.proxy.close()

    assert seconds_of_failing_ring(doorbell, match="cannot be reached") < AT_ONCE_S
    assert seconds_of_failing_ring(doorbell, match="left alone") < AT_ONCE_S
    rabbit.proxy.open()


@pytest.mark.parametrize("connected", [True, False])
def test_stalled_server_costs_one_short_wait_and_then_nothing(
    rabbit: Rabbit, doorbell: Doorbell, *, connected: bool
) -> None:
    if connected:
        doorbell.ping()
    rabbit.proxy.stall()

    first = seconds_of_failing_ring(doorbell, match="does not answer")
    second = seconds_of_failing_ring(doorbell, match="left alone")

    assert first < BUDGET_S
    assert second < AT_ONCE_S
    assert not doorbell.available


def test_black_hole_costs_one_short_wait() -> None:
    # A listener whose queue is full lets further connections go unanswered.
    with socket.socket() as hole, socket.socket() as first, socket.socket() as second:
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        for filler in (first, second):
            filler.settimeout(0)
            filler.connect_ex(hole.getsockname())
        url = f"amqp://127.0.0.1:{hole.getsockname()[1]}"
        doorbell = open_doorbell(url, namespace="test")

        waited = seconds_of_failing_ring(doorbell, match="does not answer")

    assert waited < BUDGET_S


def test_all_threads_together_pay_for_a_stall_once(
    rabbit: Rabbit, doorbell: Doorbell
) -> None:
    rabbit.proxy.stall()
    waits: list[float] = []

    def ring_thrice(_number: int) -> None:
        began = time.monotonic()
        for _ in range(3):
            seconds_of_failing_ring(doorbell)
        waits.append(time.monotonic() - began)

    in_threads(8, ring_thrice)

    assert len(waits) == 8
    assert max(waits) < BUDGET_S + AT_ONCE_S


def test_alarm_of_the_server_is_told_at_once_and_passes(
    rabbit: Rabbit, doorbell: Doorbell
) -> None:
    doorbell.ping()
    rabbit.raise_alarm()

    waits = [
        seconds_of_failing_ring(doorbell, match="short of memory or disk"),
        seconds_of_failing_ring(doorbell, match="left alone"),
    ]
    await_probe(doorbell)
    waits.append(seconds_of_failing_ring(doorbell, match="short of memory or disk"))
    rabbit.end_alarm()
    await_probe(doorbell)
    doorbell.ring(["after"])

    assert max(waits) < AT_ONCE_S
    assert rabbit.depth() >= 1


def test_breaker_closes_when_the_server_is_back(
    rabbit: Rabbit, doorbell: Doorbell
) -> None:
    doorbell.ping()
    rabbit.proxy.close()
    seconds_of_failing_ring(doorbell)
    rabbit.proxy.open()

    await_probe(doorbell)
    doorbell.ring(["task-1"])

    assert doorbell.depth() == 1
    assert doorbell.available


def test_ringing_loads_neither_dramatiq_nor_the_other_servers_library() -> None:
    code = (
        "import sys; from app.broker import open_doorbell;"
        "open_doorbell('{}', namespace='x').close();"
        "sys.exit(bool(sys.modules.keys() & {{'dramatiq', '{}'}}))"
    )

    for url, other in [("amqp://127.0.0.1", "redis"), ("redis://127.0.0.1", "pika")]:
        subprocess.run([sys.executable, "-c", code.format(url, other)], check=True)
