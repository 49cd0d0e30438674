"""A corner of a real RabbitMQ server for one test: queues and a line of its own.

The server is shared (127.0.0.1:5672); so outages are made on the way to it, by a proxy
that can be cut, stalled and told to pass on an alarm.
"""

from __future__ import annotations

import os
import secrets
import socket
from types import TracebackType
from typing import Self

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from app.broker import WorkerBroker
from app.broker.rabbit_broker import RabbitPatience, open_rabbit_broker
from app.chaos.proxy import Proxy

HOST, PORT = "127.0.0.1", 5672
#: The workers whose queues a test may use.
WORKERS = ("main", "media")
REQUIRED = "BELLHOP_TEST_REQUIRE_SERVICES"


def require_rabbit() -> None:
    """Skip the test where there is no server, or fail where there must be one."""
    try:
        socket.create_connection((HOST, PORT), timeout=1).close()
    except OSError:
        reason = f"there is no RabbitMQ at {HOST}:{PORT}"
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{reason}, and {REQUIRED} is set")
        pytest.skip(reason)


class Rabbit:
    """`with Rabbit() as rabbit:`; `url` leads through the `proxy`."""

    def __init__(self) -> None:
        require_rabbit()
        self.namespace = f"bellhop-test-{secrets.token_hex(6)}"
        self.proxy = Proxy(HOST, PORT)
        self.direct_url = f"amqp://guest:guest@{HOST}:{PORT}/"

    def __enter__(self) -> Self:
        self.proxy.__enter__()
        parameters = pika.ConnectionParameters(HOST, PORT, heartbeat=0)
        self._connection = pika.BlockingConnection(parameters)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.proxy.__exit__(kind, error, trace)
        for worker in WORKERS:
            self.delete_queue(worker)
        self._connection.close()

    @property
    def url(self) -> str:
        """The URL that Bellhop is given."""
        return f"amqp://guest:guest@{HOST}:{self.proxy.port}/"

    def queue(self, worker: str = "main") -> str:
        """Return the name of a worker's queue."""
        return f"{self.namespace}.{worker}"

    def put(self, body: bytes, *, worker: str = "main") -> None:
        """Put anything into a worker's queue."""
        with self._channel() as channel:
            channel.queue_declare(self.queue(worker), durable=True)
            channel.basic_publish("", self.queue(worker), body)

    def take(self, worker: str = "main") -> tuple[pika.BasicProperties, bytes]:
        """Take the first ring out of a worker's queue."""
        with self._channel() as channel:
            _, properties, body = channel.basic_get(self.queue(worker), auto_ack=True)
            return properties, body

    def depth(self, worker: str = "main") -> int:
        """Count what waits in a worker's queue and is in nobody's hand."""
        with self._channel() as channel:
            declared = channel.queue_declare(self.queue(worker), durable=True)
            return int(declared.method.message_count)

    def delete_queue(self, worker: str = "main") -> None:
        """Delete a worker's queue, with all that is in it."""
        with self._channel() as channel:
            channel.queue_delete(self.queue(worker))

    def declare_otherwise(self, worker: str = "main") -> None:
        """Make a worker's queue as Bellhop would not."""
        with self._channel() as channel:
            channel.queue_declare(self.queue(worker), durable=False, auto_delete=True)

    def raise_alarm(self) -> None:
        """Read no more of what Bellhop sends, and say so, as the server would."""
        blocked = pika.spec.Connection.Blocked(reason="low on memory")
        self.proxy.say(pika.frame.Method(0, blocked).marshal(), and_listen=False)

    def end_alarm(self) -> None:
        """Read again, and say so."""
        unblocked = pika.spec.Connection.Unblocked()
        self.proxy.say(pika.frame.Method(0, unblocked).marshal(), and_listen=True)

    def force_close(self) -> None:
        """Close all connections as an operator does (rabbitmqctl, management)."""
        words = "CONNECTION_FORCED - Closed via management plugin"
        close = pika.spec.Connection.Close(320, words, 0, 0)
        self.proxy.say(pika.frame.Method(0, close).marshal(), and_listen=True)

    def consumers(self, worker: str = "main") -> int:
        """Count who hears a worker's queue."""
        with self._channel() as channel:
            declared = channel.queue_declare(self.queue(worker), durable=True)
            return int(declared.method.consumer_count)

    def _channel(self) -> BlockingChannel:
        return self._connection.channel()


#: A worker's time-outs, shortened so that an outage takes a moment.
IMPATIENT = RabbitPatience(connect_within_s=0.5, heartbeat_s=1, longest_wait_s=0.15)


def rabbit_broker(
    rabbit: Rabbit, *, patience: RabbitPatience = IMPATIENT
) -> WorkerBroker:
    """Return the broker of a worker that comes through the proxy."""
    namespace = rabbit.namespace
    return open_rabbit_broker(rabbit.url, namespace=namespace, patience=patience)
