"""While the queue server is away messages leave all the same: nobody waits for it.

Everything is real here, with the patience of production, but the provider.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import dramatiq
import pytest

from app.broker import WorkerBroker, open_doorbell
from app.broker.rabbit_broker import RabbitPatience
from app.broker.redis_broker import Patience
from app.services import dispatch
from app.services.taking import UNHEARD_FOR
from tests.engine import UNLIMITED, Engine, open_engine
from tests.listening import (
    BACK,
    LOST,
    Listener,
    await_heard,
    await_logged,
    worker_broker,
)
from tests.rabbit import Rabbit, rabbit_broker
from tests.valkey import ValkeyServer
from tests.waiting import wait_until

if sys.platform == "win32":
    pytest.skip("needs the embedded server", allow_module_level=True)

#: The server is missed after three seconds; from then on the worker looks by itself.
MISSED_WITHIN_S = 5
#: What lets rings be stored, and none be heard.
DENIES_WAITING = ("ACL", "SETUSER", "default", "-@blocking")
SPOILS_FETCHING = ("SET", "test:__heartbeats__", "no heartbeat")
LOOKS_WITHIN_S = 3


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(tmp_path) as server:
        yield server


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="app.broker")
    return caplog


@contextmanager
def at_work(
    folder: Path, broker: WorkerBroker, url: str, name: str
) -> Iterator[Engine]:
    """Run a real worker of a house whose doorbell leads to the same server."""
    with open_engine(folder, policy=UNLIMITED) as silent:
        doorbell = open_doorbell(url, namespace=name)
        runtime = replace(silent.runtime, doorbell=doorbell)
        courier = replace(silent.courier, runtime=runtime)
        engine = replace(silent.with_courier(courier), runtime=runtime)
        engine.run.declare(broker)
        worker = dramatiq.Worker(broker, worker_threads=1)
        worker.start()
        try:
            yield engine
        finally:
            worker.stop(timeout=10_000)
            broker.close()
            doorbell.close()


def plan(engine: Engine, number: int) -> str:
    """Plan a message as the API does, and ring for it if that is possible."""
    message = engine.message(recipient=f"+1415556{number:04}")
    dispatch.release(engine.runtime)
    return message


def await_sent(engine: Engine, *messages: str, within_s: float) -> None:
    wait_until(
        lambda: {engine.status(message) for message in messages} == {"sent"},
        within_s=within_s,
        what="sent",
    )


@pytest.mark.parametrize("outage", ["killed", "stalled"])
def test_messages_leave_while_valkey_is_away(
    tmp_path: Path, server: ValkeyServer, log: pytest.LogCaptureFixture, outage: str
) -> None:
    broker = worker_broker(server, patience=Patience())
    with at_work(tmp_path, broker, server.url, "test") as engine:
        await_sent(engine, plan(engine, 0), within_s=LOOKS_WITHIN_S)

        {"killed": server.kill, "stalled": server.stall}[outage]()
        first = plan(engine, 1)
        await_sent(engine, first, within_s=MISSED_WITHIN_S)
        for number in (2, 3):
            message = plan(engine, number)
            await_sent(engine, message, within_s=LOOKS_WITHIN_S)
        server.mend()
        await_logged(log, BACK)

        await_sent(engine, plan(engine, 4), within_s=LOOKS_WITHIN_S)
    assert len(engine.provider.handed) == 5


def test_messages_leave_while_rabbitmq_is_away(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    with Rabbit() as rabbit:
        broker = rabbit_broker(rabbit, patience=RabbitPatience())
        with at_work(tmp_path, broker, rabbit.url, rabbit.namespace) as engine:
            await_sent(engine, plan(engine, 0), within_s=LOOKS_WITHIN_S)

            rabbit.proxy.close()
            for number in (1, 2, 3):
                message = plan(engine, number)
                await_sent(engine, message, within_s=LOOKS_WITHIN_S)
            rabbit.proxy.open()
            await_logged(log, BACK)

            await_sent(engine, plan(engine, 4), within_s=LOOKS_WITHIN_S)
    assert len(engine.provider.handed) == 5


@pytest.mark.parametrize("harm", [DENIES_WAITING, SPOILS_FETCHING], ids=["acl", "key"])
def test_a_message_leaves_whose_ring_is_taken_and_never_handed_out(
    tmp_path: Path,
    server: ValkeyServer,
    log: pytest.LogCaptureFixture,
    harm: tuple[str, ...],
) -> None:
    broker = worker_broker(server, patience=Patience())
    with at_work(tmp_path, broker, server.url, "test") as engine:
        await_sent(engine, plan(engine, 0), within_s=LOOKS_WITHIN_S)
        with server.client() as client:
            client.execute_command(*harm)
        await_logged(log, LOST)

        rung = plan(engine, 1)
        assert engine.status(rung) == "queued"
        engine.clock.advance(milliseconds=UNHEARD_FOR / timedelta(milliseconds=1))
        await_sent(engine, rung, within_s=LOOKS_WITHIN_S)

    assert len(engine.provider.handed) == 2


def test_a_crowd_leaves_while_the_queue_is_away(
    tmp_path: Path, server: ValkeyServer, log: pytest.LogCaptureFixture
) -> None:
    broker = worker_broker(server)
    with at_work(tmp_path, broker, server.url, "test") as engine:
        server.kill()
        await_logged(log, LOST)

        messages = [plan(engine, number) for number in range(50)]

        await_sent(engine, *messages, within_s=10)
        assert len(engine.provider.handed) == 50


def test_a_worker_that_hears_its_queue_never_looks_by_itself(
    server: ValkeyServer,
) -> None:
    doorbell = open_doorbell(server.url, namespace="test")
    with Listener(worker_broker(server)) as listener:
        for number in range(5):
            before = listener.broker.last_heard
            wait_until(
                lambda then=before: listener.broker.last_heard > then,  # type: ignore[misc]
                within_s=2,
                what="it has waited for a ring",
            )
            doorbell.ring([f"task-{number}"])
            await_heard(listener, f"task-{number}")

    doorbell.close()
    assert listener.looks == 0


def test_a_worker_with_a_task_in_hand_is_told_to_look_only_when_it_is_done(
    server: ValkeyServer, log: pytest.LogCaptureFixture
) -> None:
    doorbell = open_doorbell(server.url, namespace="test")
    with Listener(worker_broker(server)) as listener:
        listener.gate.clear()
        doorbell.ring(["task-1"])
        wait_until(lambda: listener.begun, within_s=5, what="it is begun")
        server.kill()
        await_logged(log, LOST)
        waiting = listener.worker.work_queue
        for _ in range(3):
            before = listener.broker.last_heard
            wait_until(
                lambda then=before: listener.broker.last_heard > then,  # type: ignore[misc]
                within_s=2,
                what="it has tried again",
            )
        assert waiting.empty()

        listener.gate.set()

        wait_until(lambda: listener.looks, within_s=3, what="it looks")
    doorbell.close()
    assert listener.heard == ["task-1"]
