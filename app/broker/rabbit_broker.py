"""The worker's broker on RabbitMQ: Dramatiq's frame around lines of our own.

Opened by `worker.py`. Dramatiq's own RabbitmqBroker is not used: it keeps three queues
for one (delays and dead letters are rows here), publishes and waits without a limit,
and its connection's heartbeats rest with whatever thread happens to come round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dramatiq import Message

from app.broker.rabbit_address import RabbitAddress, read_address
from app.broker.rabbit_consumer import RabbitConsumer
from app.broker.rabbit_doorbell import RabbitDoorbell, queue_of
from app.broker.rabbit_ear import Ear
from app.broker.rabbit_line import Line
from app.broker.worker_broker import WorkerBroker, refuse_delay


@dataclass(frozen=True, kw_only=True)
class RabbitPatience:
    """How long a worker waits for what; tests are less patient.

    The rings of a killed worker come to another one at once: the server sees its
    connection end. Those of a host that lost its power, once heartbeats are missed.
    """

    #: Seconds for connecting, until the first ring could be heard.
    connect_within_s: float = 2.0
    #: Seconds without a sign of life after which the line is given up, plus five.
    #: RabbitMQ's makers advise against less than 6.
    heartbeat_s: int = 8
    #: Seconds that a consumer waits for a ring before it shows that it is alive.
    longest_wait_s: float = 1.0


def open_rabbit_broker(
    url: str,
    *,
    namespace: str,
    patience: RabbitPatience | None = None,
) -> WorkerBroker:
    """Return the broker of a worker; connects when the worker starts to consume.

    The server may be away: the consumer tries again until it is there.
    """
    return RabbitWorkerBroker(
        read_address(url),
        namespace=namespace,
        patience=patience or RabbitPatience(),
    )


class RabbitWorkerBroker(WorkerBroker):
    """One durable queue per worker's name, one consumer, one ring in hand."""

    def __init__(
        self,
        address: RabbitAddress,
        *,
        namespace: str,
        patience: RabbitPatience,
    ) -> None:
        super().__init__()
        self.queues: dict[str, str] = {}
        self._address = address
        self._namespace = namespace
        self._patience = patience
        self._doorbell = RabbitDoorbell(address, namespace=namespace)

    def open_queue(self, queue_name: str) -> None:
        """Make the queue known; it is declared at every connecting."""
        self.queues[queue_name] = queue_of(queue_name, namespace=self._namespace)

    def consume(
        self,
        queue_name: str,
        prefetch: int = 1,  # noqa: ARG002 - see hand.py: a worker holds one ring
        timeout: int = 1000,
    ) -> RabbitConsumer:
        """Return a consumer that waits for rings at most `timeout` ms at a time."""
        return RabbitConsumer(
            lambda: self._open_ear(queue_name),
            queue_name=queue_name,
            wait_s=min(timeout / 1000, self._patience.longest_wait_s),
            came_round=self.heard,
        )

    def enqueue(
        self, message: Message[Any], *, delay: int | None = None
    ) -> Message[Any]:
        """Ring for the task that the message names."""
        refuse_delay(delay)
        (task_id,) = message.args
        self._doorbell.ring([task_id], worker=message.queue_name)
        return message

    def close(self) -> None:
        """Close the connection that rings; consumers close their own."""
        self._doorbell.close()

    def _open_ear(self, queue_name: str) -> Ear:
        within_s = self._patience.connect_within_s
        line = Line(
            self._address, heartbeat_s=self._patience.heartbeat_s, within_s=within_s
        )
        return Ear(line, queue=self.queues[queue_name], within_s=within_s)
