"""A worker lives through everything that can happen on the way to its RabbitMQ.

Each outage: harm, wait until the worker has noticed, cure; then a ring is heard, no
thread has died, and the log has no word of error.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest

from app.broker import Doorbell, open_doorbell
from app.broker.rabbit_broker import RabbitPatience
from tests.listening import (
    BACK,
    LOST,
    Listener,
    await_heard,
    await_logged,
    times_logged,
)
from tests.rabbit import Rabbit, rabbit_broker
from tests.waiting import wait_until


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
def listener(rabbit: Rabbit, log: pytest.LogCaptureFixture) -> Iterator[Listener]:
    with Listener(rabbit_broker(rabbit)) as listener:
        yield listener


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="app.broker")
    return caplog


OUTAGES = {
    "cut": (lambda rabbit: rabbit.proxy.cut(), lambda _rabbit: None),
    "away": (lambda rabbit: rabbit.proxy.close(), lambda rabbit: rabbit.proxy.open()),
    "queue-deleted": (lambda rabbit: rabbit.delete_queue(), lambda _rabbit: None),
    "told-to-go": (lambda rabbit: rabbit.force_close(), lambda _rabbit: None),
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_worker_hears_again_after(
    rabbit: Rabbit,
    doorbell: Doorbell,
    listener: Listener,
    log: pytest.LogCaptureFixture,
    outage: str,
) -> None:
    harm, cure = OUTAGES[outage]
    doorbell.ring(["before"])
    await_heard(listener, "before")

    harm(rabbit)
    await_logged(log, LOST)
    cure(rabbit)
    await_logged(log, BACK)
    doorbell.ring(["after"])
    await_heard(listener, "after", within_s=2)

    assert listener.is_whole
    assert [r for r in log.records if r.levelno >= logging.ERROR] == []


def test_line_that_falls_silent_is_given_up_when_heartbeats_are_missed(
    rabbit: Rabbit,
    doorbell: Doorbell,
    listener: Listener,
    log: pytest.LogCaptureFixture,
) -> None:
    doorbell.ring(["before"])
    await_heard(listener, "before")

    rabbit.proxy.strand()
    # pika looks every heartbeat and five seconds more.
    wait_until(lambda: times_logged(log, BACK), within_s=15, what="a new line")
    doorbell.ring(["after"])
    await_heard(listener, "after")

    assert listener.is_whole


def test_stalled_server_is_heard_again_as_it_goes_on(
    rabbit: Rabbit, doorbell: Doorbell, listener: Listener
) -> None:
    doorbell.ring(["before"])
    await_heard(listener, "before")
    rabbit.proxy.stall()
    doorbell.ring(["meanwhile"])

    rabbit.proxy.resume()

    await_heard(listener, "meanwhile", within_s=1)
    assert listener.is_whole


def test_worker_that_starts_before_its_server_hears_once_it_is_there(
    rabbit: Rabbit, doorbell: Doorbell, log: pytest.LogCaptureFixture
) -> None:
    rabbit.proxy.close()
    with Listener(rabbit_broker(rabbit)) as listener:
        await_logged(log, LOST)
        doorbell.ring(["task-1"])

        rabbit.proxy.open()

        await_heard(listener, "task-1")


def test_ring_whose_line_was_lost_comes_again_and_the_worker_goes_on(
    rabbit: Rabbit,
    doorbell: Doorbell,
    listener: Listener,
    log: pytest.LogCaptureFixture,
) -> None:
    listener.gate.clear()
    doorbell.ring(["task-1", "task-2"])
    wait_until(lambda: listener.begun, within_s=5, what="task-1 is begun")

    rabbit.proxy.cut()
    wait_until(lambda: rabbit.consumers() == 0, within_s=5, what="the server sees it")
    listener.gate.set()

    await_logged(log, "Ring not acknowledged, it will come again")
    await_heard(listener, "task-2")
    assert listener.begun == ["task-1", "task-1", "task-2"]
    assert listener.is_whole


def test_busy_worker_without_a_line_takes_no_ring_from_the_others(
    rabbit: Rabbit, doorbell: Doorbell, listener: Listener
) -> None:
    listener.gate.clear()
    doorbell.ring(["task-1", "task-2"])
    wait_until(lambda: listener.begun, within_s=5, what="task-1 is begun")
    rabbit.proxy.cut()

    with Listener(rabbit_broker(rabbit)) as other:
        await_heard(other, "task-1", "task-2")

    assert listener.begun == ["task-1"]


def test_long_outage_is_logged_once_and_the_pulse_goes_on(
    rabbit: Rabbit, listener: Listener, log: pytest.LogCaptureFixture
) -> None:
    wait_until(lambda: rabbit.consumers() == 1, within_s=5, what="it hears")
    rabbit.proxy.close()
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


@pytest.mark.parametrize("how", ["close", "stall"])
def test_worker_stops_in_order_while_its_server_is_away(
    rabbit: Rabbit, doorbell: Doorbell, how: str
) -> None:
    listener = Listener(rabbit_broker(rabbit))
    with listener:
        doorbell.ring(["before"])
        await_heard(listener, "before")
        getattr(rabbit.proxy, how)()
        began = time.monotonic()

    assert time.monotonic() - began < 3
    assert not listener.is_whole


def test_patience_in_production_notices_a_silent_server_within_half_a_minute() -> None:
    worst = 2 * (RabbitPatience().heartbeat_s + 5)

    assert worst < 30
