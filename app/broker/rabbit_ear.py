"""Hears one queue of RabbitMQ over a line of its own, one ring at a time.

Made by `rabbit_consumer.py`. The server hands out the next ring when the one before is
acknowledged, and gives what is in hand to another worker as soon as the line is lost.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

import pika
from pika.channel import Channel
from pika.spec import Basic

from app.broker.rabbit_line import Line, LineLostError, fulfil
from app.broker.wire import is_task_id

DELETED = "The queue server has deleted our queue."


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One ring as it came: its number on this line, and what should be a task's id."""

    number: int
    body: bytes

    def task_id(self) -> str:
        """Return the task's id; ValueError says why there is none."""
        try:
            text = self.body.decode()
        except UnicodeDecodeError:
            raise ValueError("it is not text") from None
        if not is_task_id(text):
            raise ValueError("its task id cannot be one")
        return text


class Ear:
    """Hears from the moment it is made; raises RabbitError, and stays lost once it is.

    Its methods are for any thread.
    """

    def __init__(self, line: Line, *, queue: str, within_s: float) -> None:
        self._line = line
        self._queue = queue
        self._heard: SimpleQueue[Delivery | None] = SimpleQueue()
        line.when_lost(lambda: self._heard.put(None))  # wakes who waits
        line.ask(self._begin, within_s=within_s)

    def next(self, *, within_s: float) -> Delivery | None:
        """Wait for a ring; None when the time is over, LineLostError at the end."""
        try:
            delivery = self._heard.get(timeout=within_s)
        except Empty:
            return None
        # What a lost line has brought belongs to somebody else by now.
        if delivery is None or not self._line.is_open:
            raise LineLostError(self._line.reason)
        return delivery

    def ack(self, number: int) -> None:
        """Take a finished ring off the queue."""
        self._line.tell(lambda channel: channel.basic_ack(number))

    def give_back(self, number: int) -> None:
        """Put a ring back into the queue."""
        self._line.tell(lambda channel: channel.basic_nack(number, requeue=True))

    def close(self) -> None:
        """Hear no more; what was not acknowledged goes to another worker."""
        self._line.close()

    # What follows runs on the line's own thread.

    def _begin(self, channel: Channel, answer: Future[Any]) -> None:
        channel.add_on_cancel_callback(lambda _frame: self._line.hang_up(DELETED))
        channel.basic_qos(prefetch_count=1)
        channel.queue_declare(
            self._queue,
            durable=True,
            callback=lambda _frame: channel.basic_consume(
                self._queue,
                self._on_delivery,
                callback=lambda _frame: fulfil(answer),
            ),
        )

    def _on_delivery(
        self,
        _channel: Channel,
        method: Basic.Deliver,
        _properties: pika.BasicProperties,
        body: bytes,
    ) -> None:
        self._heard.put(Delivery(number=method.delivery_tag, body=body))
