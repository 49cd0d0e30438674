"""The worker's consumer on RabbitMQ: rings wake it at once, outages never end it.

Made by `rabbit_broker.py`, iterated over by Dramatiq's consumer thread; `ack` is called
from the thread that works. It raises nothing for a server that is away, so that the
thread lives on and hears again within a second or two of the server's return. Until
then it lets the worker look what is due, as often.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from dramatiq import Consumer, MessageProxy

from app.broker.consumer import look, message_of
from app.broker.hand import Hand
from app.broker.outage import Outage
from app.broker.rabbit_address import RabbitError
from app.broker.rabbit_ear import Delivery, Ear
from app.broker.rabbit_line import LineLostError
from app.broker.wire import Ring
from app.logs import fields

log = logging.getLogger(__name__)


class RabbitConsumer(Consumer):
    """Hears the rings of one queue and hands them on, one at a time.

    `open_ear` connects, or raises RabbitError; `came_round` is told of every turn.
    """

    def __init__(
        self,
        open_ear: Callable[[], Ear],
        *,
        queue_name: str,
        wait_s: float,
        came_round: Callable[[], object],
    ) -> None:
        self._open_ear = open_ear
        self._queue_name = queue_name
        self._wait_s = wait_s
        self._came_round = came_round
        self._hand = Hand()
        self._outage = Outage(queue_name)
        self._ear: Ear | None = None
        self._ears = 0  # how many there have been
        #: Where each ring in hand came from: a number counts on its own line alone.
        self._from: dict[str, tuple[Ear, int]] = {}

    def __next__(self) -> MessageProxy | None:
        try:
            message = self._next_message()
        except RabbitError as error:
            self._drop_ear()
            time.sleep(self._outage.pause_after(error))
            message = look(self._hand, self._outage, worker=self._queue_name)
        self._came_round()
        return message

    def ack(self, message: MessageProxy) -> None:
        """Take a finished ring off the queue.

        Where the line has been lost, the server has given the ring to the next worker,
        who finds that nothing is to be done: what happened stands in the row.
        """
        try:
            self._give(message, Ear.ack)
        except LineLostError as error:
            log.warning(
                "Ring not acknowledged, it will come again",
                extra=fields("ring_not_acknowledged", reason=str(error)),
            )
        finally:
            self._hand.let_go(message.message_id)

    def nack(self, message: MessageProxy) -> None:
        """Drop a refused ring; dead letters are rows, not messages."""
        self.ack(message)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Give back, as the worker stops, what it took and did not begin."""
        for message in messages:
            with suppress(LineLostError):  # the server has taken it back by itself
                self._give(message, Ear.give_back)

    def close(self) -> None:
        """Hear no more."""
        self._drop_ear()

    def _next_message(self) -> MessageProxy | None:
        # A new line is opened with an empty hand alone: it brings a ring with it.
        if not self._hand.wait_until_free(within_s=self._wait_s):
            return None
        if self._ear is None:
            self._ear = self._open_ear()
            self._ears += 1
            self._outage.is_over()
        delivery = self._ear.next(within_s=self._wait_s)
        return None if delivery is None else self._taken(self._ear, delivery)

    def _taken(self, ear: Ear, delivery: Delivery) -> MessageProxy | None:
        try:
            task_id = delivery.task_id()
        except ValueError as error:
            reason = str(error)
            extra = fields("ring_dropped", queue=self._queue_name, reason=reason)
            log.warning("Ring dropped", extra=extra)
            ear.ack(delivery.number)
            return None
        ring = Ring(ring_id=f"{self._ears}.{delivery.number}", task_id=task_id)
        self._from[ring.ring_id] = (ear, delivery.number)
        self._hand.take(ring.ring_id)
        return MessageProxy(message_of(ring, worker=self._queue_name))

    def _give(self, message: MessageProxy, deed: Callable[[Ear, int], object]) -> None:
        """Return a ring to the line that it came from, and there alone."""
        came = self._from.pop(message.message_id, None)
        if came is not None:  # or it is a look, or from a consumer before this one
            deed(*came)

    def _drop_ear(self) -> None:
        if self._ear is not None:
            self._ear.close()
            self._ear = None
