"""Puts rings into queues of RabbitMQ, and waits until the server has confirmed them.

Used by `rabbit_doorbell.py`; lives as long as its line. A queue is declared before the
first ring for it, and again when the server says that it has gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import pika
from pika.channel import Channel
from pika.spec import Basic

from app.broker.rabbit_address import RabbitError
from app.broker.rabbit_line import ALARM, Deed, Line, fulfil, refuse

#: Milliseconds that a ring waits for a worker. Long before that the row has been rung
#: for again; so a queue that nobody hears does not grow for days.
RING_LIVES_MS = 600_000
RING = pika.BasicProperties(
    content_type="text/plain",
    delivery_mode=pika.DeliveryMode.Persistent,
    expiration=str(RING_LIVES_MS),
)

REFUSED = "The queue server could not store a ring."
GONE = "The queue on the queue server is deleted again and again."


@dataclass(eq=False, kw_only=True)
class _Batch:
    """The rings of one call: those that are not confirmed yet, and who waits."""

    answer: Future[Any]
    queue: str
    bodies: Sequence[bytes]
    unconfirmed: set[int] = field(default_factory=set)
    came_back: bool = False
    tries: int = 0


class Publisher:
    """Shared by all threads of a process; every call raises RabbitError."""

    def __init__(self, line: Line, *, within_s: float) -> None:
        self.line = line
        # Touched by the line's thread alone.
        self._declared: set[str] = set()
        self._sent = 0
        self._batches: dict[int, _Batch] = {}
        line.ask(self._begin, within_s=within_s)

    def publish(self, queue: str, bodies: Sequence[bytes], *, within_s: float) -> None:
        """Return once the server has stored all of them."""

        def deed(channel: Channel, answer: Future[Any]) -> None:
            batch = _Batch(answer=answer, queue=queue, bodies=bodies)
            if queue in self._declared:
                self._send(channel, batch)
            else:
                self._declare(channel, batch)

        self._ask(deed, within_s=within_s)

    def knock(self, nowhere: str, *, within_s: float) -> None:
        """Return once the server has confirmed a ring that goes nowhere.

        Only to a publisher does RabbitMQ tell of an alarm.
        """

        def deed(channel: Channel, answer: Future[Any]) -> None:
            batch = _Batch(answer=answer, queue=nowhere, bodies=[b""])
            self._send(channel, batch, mandatory=False)

        self._ask(deed, within_s=within_s)

    def depth(self, queue: str, *, within_s: float) -> int:
        """Count the rings that no worker has taken yet."""

        def deed(channel: Channel, answer: Future[Any]) -> None:
            channel.queue_declare(
                queue,
                durable=True,
                callback=lambda frame: fulfil(answer, frame.method.message_count),
            )

        return int(self._ask(deed, within_s=within_s))

    def _ask(self, deed: Deed, *, within_s: float) -> Any:
        if self.line.is_blocked:
            raise RabbitError(ALARM)
        return self.line.ask(deed, within_s=within_s)

    # What follows runs on the line's own thread.

    def _begin(self, channel: Channel, answer: Future[Any]) -> None:
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(
            self._on_confirmation, callback=lambda _frame: fulfil(answer)
        )

    def _declare(self, channel: Channel, batch: _Batch) -> None:
        def on_declared(_frame: object) -> None:
            self._declared.add(batch.queue)
            self._send(channel, batch)

        channel.queue_declare(batch.queue, durable=True, callback=on_declared)

    def _send(self, channel: Channel, batch: _Batch, *, mandatory: bool = True) -> None:
        batch.tries += 1
        batch.came_back = False
        for body in batch.bodies:
            channel.basic_publish("", batch.queue, body, RING, mandatory=mandatory)
            self._sent += 1  # the server counts alike
            batch.unconfirmed.add(self._sent)
            self._batches[self._sent] = batch

    def _on_return(
        self, _channel: Channel, method: Basic.Return, *_message: object
    ) -> None:
        """Note that a queue has gone; the confirmation follows."""
        self._declared.discard(method.routing_key)
        for batch in self._batches.values():
            if batch.queue == method.routing_key:
                batch.came_back = True

    def _on_confirmation(self, frame: Any) -> None:
        method = frame.method
        first = (
            min(self._batches, default=0) if method.multiple else method.delivery_tag
        )
        for number in range(first, method.delivery_tag + 1):
            batch = self._batches.pop(number, None)
            if batch is None:
                continue
            batch.unconfirmed.discard(number)
            if isinstance(method, Basic.Nack):
                refuse(batch.answer, RabbitError(REFUSED))
            elif not batch.unconfirmed:
                self._settle(batch)

    def _settle(self, batch: _Batch) -> None:
        if not batch.came_back:
            fulfil(batch.answer)
        elif batch.tries > 1:
            refuse(batch.answer, RabbitError(GONE))
        elif not batch.answer.done():
            self.line.tell(lambda channel: self._declare(channel, batch))
