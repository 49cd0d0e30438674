"""The worker's ear: waits for rings without polling, whatever happens to its server.

Made by `redis_broker.py`, iterated over by Dramatiq's consumer thread; `ack` is called
from the thread that works. It raises nothing for a server that is away, so that the
thread lives on and hears again within a second of the server's return. Until then it
lets the worker look what is due, every second or two.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Protocol

from dramatiq import Consumer, Message, MessageProxy
from dramatiq.errors import BrokerConnectionError

from app.broker.hand import Hand
from app.broker.outage import Outage
from app.broker.wire import ACTOR_NAME, LOOK, Ring, decode_ring
from app.logs import fields

log = logging.getLogger(__name__)


class RedisQueues(Protocol):
    """What the consumer asks of its broker; all of it raises ConnectionClosed."""

    def do_fetch(self, queue_name: str, count: int) -> list[bytes | None]:
        """Take up to so many rings; also says that this worker lives."""

    def do_ack(self, queue_name: str, ring_id: str | bytes) -> None:
        """Forget a ring that this worker holds."""

    def do_requeue(self, queue_name: str, *ring_ids: str | bytes) -> None:
        """Put rings that this worker holds back into the queue."""

    def held_rings(self, queue_name: str) -> set[bytes]:
        """Return what this worker holds, as the server sees it."""

    def knock(self) -> None:
        """Find out, sooner than by a call, whether the server answers again."""

    def fetch_when_rung(
        self, queue_name: str, *, within_s: float
    ) -> list[bytes | None]:
        """Block until there is a ring and take it; nothing when the time is over."""

    def heard(self) -> None:
        """Note that the consumer came round."""


class RedisConsumer(Consumer):
    """Hears the rings of one queue and hands them on, one at a time."""

    def __init__(self, broker: RedisQueues, *, queue_name: str, wait_s: float) -> None:
        self._broker = broker
        self._queue_name = queue_name
        self._wait_s = wait_s
        self._hand = Hand()
        self._outage = Outage(queue_name)
        self._strays_possible = True

    def __next__(self) -> MessageProxy | None:
        try:
            if self._outage.is_on:
                self._broker.knock()
            message = self._next_message()
        except BrokerConnectionError as error:
            self._strays_possible = True
            time.sleep(self._outage.pause_after(error))
            message = look(self._hand, self._outage, worker=self._queue_name)
        else:
            self._outage.is_over()
        self._broker.heard()
        return message

    def ack(self, message: MessageProxy) -> None:
        """Take a finished ring off the queue, with one try.

        Giving up is safe: what happened stands in the row. The ring is still ours on
        the server, so it comes again, and the worker finds that nothing is to be done.
        Dramatiq would block the only working thread until the server is back.
        """
        ring_id = message.options["redis_message_id"]
        try:
            if not is_look(message):
                self._broker.do_ack(self._queue_name, ring_id)
        except BrokerConnectionError as error:
            self._strays_possible = True
            log.warning(
                "Ring not acknowledged, it will come again",
                extra=fields("ring_not_acknowledged", reason=str(error)),
            )
        finally:
            self._hand.let_go(ring_id)

    def nack(self, message: MessageProxy) -> None:
        """Drop a refused ring; dead letters are rows, not messages."""
        self.ack(message)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Give back, as the worker stops, what it took and did not begin."""
        ring_ids = [
            message.options["redis_message_id"]
            for message in messages
            if not is_look(message)
        ]
        if ring_ids:
            self._broker.do_requeue(self._queue_name, *ring_ids)

    def _next_message(self) -> MessageProxy | None:
        if self._strays_possible:
            self._give_back_strays()
        if not self._hand.wait_until_free(within_s=self._wait_s):
            self._broker.do_fetch(self._queue_name, 0)  # only says that we are alive
            return None
        payloads = self._broker.fetch_when_rung(self._queue_name, within_s=self._wait_s)
        if not payloads:
            return None
        try:
            ring = decode_ring(payloads[0], worker=self._queue_name)
        except ValueError as error:
            self._drop(reason=str(error))
            return None
        self._hand.take(ring.ring_id)
        return MessageProxy(message_of(ring, worker=self._queue_name))

    def _drop(self, *, reason: str) -> None:
        log.warning(
            "Ring dropped",
            extra=fields("ring_dropped", queue=self._queue_name, reason=reason),
        )
        # The broken payload does not tell its id, but it is what we hold unknowingly.
        for ring_id in self._strays():
            self._broker.do_ack(self._queue_name, ring_id)

    def _give_back_strays(self) -> None:
        """Requeue what a lost answer left behind: a fetch's ring, or a finished one."""
        self._strays_possible = False
        strays = self._strays()
        if strays:
            self._broker.do_requeue(self._queue_name, *strays)

    def _strays(self) -> list[bytes]:
        held = self._broker.held_rings(self._queue_name)
        return [raw for raw in held if raw.decode(errors="replace") not in self._hand]


def look(hand: Hand, outage: Outage, *, worker: str) -> MessageProxy | None:
    """Let the worker look what is due although no ring is heard, if it is time to.

    The database is well, and provider too: none of them is to wait for the queue.
    """
    if not hand.is_free or not outage.is_time_to_look():
        return None
    hand.take(LOOK.ring_id)
    return MessageProxy(message_of(LOOK, worker=worker))


def is_look(message: MessageProxy) -> bool:
    """Tell whether this is a look of our own, of which the server knows nothing."""
    return message.args == (LOOK.task_id,)


def message_of(ring: Ring, *, worker: str) -> Message[None]:
    """Return the Dramatiq message of a ring, made anew: no foreign option is kept."""
    return Message(
        queue_name=worker,
        actor_name=ACTOR_NAME,
        args=(ring.task_id,),
        kwargs={},
        options={"redis_message_id": ring.ring_id},
        message_id=ring.ring_id,
    )
