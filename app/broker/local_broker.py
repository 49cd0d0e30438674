"""The queue without a server: rings within the worker's own process.

Opened by `worker.py` where there is no Redis (Windows without `REDIS_URL`). What is
rung here is gone when the process ends; the rows are not.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from dramatiq import Consumer, Message, MessageProxy

from app.broker.consumer import message_of
from app.broker.doorbell import MAIN_WORKER
from app.broker.hand import Hand
from app.broker.wire import Ring
from app.broker.worker_broker import WorkerBroker, refuse_delay
from app.errors import QueueUnavailableError


def open_local_broker() -> LocalBroker:
    """Return a broker whose queues live in this process."""
    return LocalBroker()


class LocalQueue:
    """Waiting rings, oldest first, each task once."""

    def __init__(self) -> None:
        self._waiting: dict[str, None] = {}
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, task_id: str) -> None:
        """Ring for a task; one that is waiting already is not rung for twice."""
        with self._changed:
            self._waiting.setdefault(task_id)
            self._changed.notify()

    def take(self, *, within_s: float) -> str | None:
        """Wait for a ring and take it; None when the time is over."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting, within_s):
                return None
            task_id = next(iter(self._waiting))
            del self._waiting[task_id]
            return task_id


class LocalBroker(WorkerBroker):
    """Dramatiq's broker for one process, without its copies of payloads."""

    def __init__(self) -> None:
        super().__init__()
        self.queues: dict[str, LocalQueue] = {}

    def open_queue(self, queue_name: str) -> None:
        """Make an empty queue."""
        self.queues[queue_name] = LocalQueue()

    def consume(
        self,
        queue_name: str,
        prefetch: int = 1,  # noqa: ARG002 - see hand.py: a worker holds one ring
        timeout: int = 1000,
    ) -> Consumer:
        """Return a consumer that waits for rings at most `timeout` ms at a time."""
        return LocalConsumer(self, queue_name=queue_name, wait_s=timeout / 1000)

    def enqueue(
        self, message: Message[Any], *, delay: int | None = None
    ) -> Message[Any]:
        """Ring for the task that the message names."""
        refuse_delay(delay)
        (task_id,) = message.args
        self.queues[message.queue_name].put(task_id)
        return message


class LocalConsumer(Consumer):
    """Hears the rings of one queue of this process."""

    def __init__(self, broker: LocalBroker, *, queue_name: str, wait_s: float) -> None:
        self._broker = broker
        self._queue_name = queue_name
        self._wait_s = wait_s
        self._hand = Hand()

    def __next__(self) -> MessageProxy | None:
        message = self._next_message()
        self._broker.heard()
        return message

    def ack(self, message: MessageProxy) -> None:
        """Be done with a ring."""
        self._hand.let_go(message.message_id)

    def nack(self, message: MessageProxy) -> None:
        """Drop a refused ring; dead letters are rows, not messages."""
        self._hand.let_go(message.message_id)

    def _next_message(self) -> MessageProxy | None:
        if not self._hand.wait_until_free(within_s=self._wait_s):
            return None
        task_id = self._broker.queues[self._queue_name].take(within_s=self._wait_s)
        if task_id is None:
            return None
        self._hand.take(task_id)
        ring = Ring(ring_id=task_id, task_id=task_id)
        return MessageProxy(message_of(ring, worker=self._queue_name))


class LocalDoorbell:
    """The doorbell of the worker's own process; only its threads can ring it."""

    def __init__(self, broker: LocalBroker) -> None:
        self._broker = broker

    @property
    def available(self) -> bool:
        """Return True: nothing stands between."""
        return True

    def ring(self, task_ids: Sequence[str], *, worker: str = MAIN_WORKER) -> None:
        """Tell this process's worker; another one cannot be told."""
        queue = self._queue(worker)
        for task_id in task_ids:
            queue.put(task_id)

    def depth(self, worker: str = MAIN_WORKER) -> int:
        """Count the rings that the worker has not taken yet."""
        return len(self._queue(worker))

    def ping(self) -> None:
        """Do nothing: there is no server."""

    def close(self) -> None:
        """Do nothing: there are no connections."""

    def _queue(self, worker: str) -> LocalQueue:
        queue = self._broker.queues.get(worker)
        if queue is None:
            raise QueueUnavailableError(
                f"Worker {worker!r} runs in another process, which cannot be rung "
                "without a queue server."
            )
        return queue
