"""The doorbell on RabbitMQ: rings that the server has confirmed, and fails fast.

Opened by `runtime.py` for the API, the scheduler and the worker. Dramatiq is not
imported here. A ring is a persistent message whose whole body is a task's id.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from app.broker.breaker import Breaker
from app.broker.doorbell import CUT_SHORT, MAIN_WORKER, Doorbell
from app.broker.rabbit_address import RabbitAddress, RabbitError, read_address
from app.broker.rabbit_line import Line
from app.broker.rabbit_publisher import Publisher
from app.broker.wire import is_task_id
from app.errors import QueueUnavailableError

#: Seconds for an answer on the line that is there, and for all of it on a new one.
ANSWER_WITHIN_S = 0.4
CONNECT_WITHIN_S = 0.5
#: Seconds without a sign of life after which a line is given up.
HEARTBEAT_S = 20


def open_rabbit_doorbell(url: str, *, namespace: str) -> Doorbell:
    """Return a doorbell for the server at `url`; connects when it is rung."""
    return RabbitDoorbell(read_address(url), namespace=namespace)


class RabbitDoorbell:
    """Rings the workers of one installation, each through a queue of its own."""

    def __init__(self, address: RabbitAddress, *, namespace: str) -> None:
        self._address = address
        self._namespace = namespace
        self._breaker = Breaker()
        self._trouble = ""  # why the breaker is open
        self._publisher: Publisher | None = None
        self._connecting = threading.Lock()
        self._failure: tuple[float, str] = (
            0.0,
            "",
        )  # when a connection failed, and why

    @property
    def available(self) -> bool:
        """Whether the breaker would let a ring through."""
        return self._breaker.would_admit

    def ring(self, task_ids: Sequence[str], *, worker: str = MAIN_WORKER) -> None:
        """Tell `worker` of these tasks, or raise QueueUnavailableError."""
        if not task_ids:
            return
        bodies = [_body(task_id) for task_id in task_ids]
        queue = queue_of(worker, namespace=self._namespace)
        self._call(lambda p, within_s: p.publish(queue, bodies, within_s=within_s))

    def depth(self, worker: str = MAIN_WORKER) -> int:
        """Count the rings that no worker has taken yet."""
        queue = queue_of(worker, namespace=self._namespace)
        return int(self._call(lambda p, within_s: p.depth(queue, within_s=within_s)))

    def ping(self) -> None:
        """Raise QueueUnavailableError if the server takes no ring."""
        nowhere = queue_of("", namespace=self._namespace)
        self._call(lambda p, within_s: p.knock(nowhere, within_s=within_s))

    def close(self) -> None:
        """Close the connection."""
        if self._publisher is not None:
            self._publisher.line.close()

    def _call(self, deed: Callable[[Publisher, float], Any]) -> Any:
        if not self._breaker.admit():
            raise QueueUnavailableError(
                f"{self._trouble} It is left alone for a moment."
            )
        try:
            answer = self._reach(deed)
        except RabbitError as error:
            self._trouble = str(error)
            self._breaker.failed()
            raise QueueUnavailableError(str(error)) from None
        except BaseException:
            self._trouble = CUT_SHORT
            self._breaker.failed()  # or a probe that is cut short would keep it open
            raise
        self._breaker.succeeded()
        return answer

    def _reach(self, deed: Callable[[Publisher, float], Any]) -> Any:
        """Do it on the line that is there, or else on a new one.

        A line may have died unseen while nobody rang. What was rung twice does no harm.
        """
        kept = self._publisher
        if kept is not None and kept.line.is_open:
            try:
                return deed(kept, ANSWER_WITHIN_S)
            except RabbitError:
                if kept.line.is_open:
                    raise  # the server is there, and says no
        deadline = time.monotonic() + CONNECT_WITHIN_S
        publisher = self._connected(deadline)
        return deed(publisher, max(deadline - time.monotonic(), 0.05))

    def _connected(self, deadline: float) -> Publisher:
        """Return an open publisher; threads that come together make one together."""
        came = time.monotonic()
        with self._connecting:
            if self._publisher is not None and self._publisher.line.is_open:
                return self._publisher
            failed_at, reason = self._failure
            if failed_at > came:
                raise RabbitError(reason)
            try:
                self._publisher = self._connect(deadline)
            except RabbitError as error:
                self._failure = (time.monotonic(), str(error))
                raise
            return self._publisher

    def _connect(self, deadline: float) -> Publisher:
        within_s = max(deadline - time.monotonic(), 0.05)
        line = Line(self._address, heartbeat_s=HEARTBEAT_S, within_s=within_s)
        return Publisher(line, within_s=max(deadline - time.monotonic(), 0.05))


def queue_of(worker: str, *, namespace: str) -> str:
    """Return the name of a worker's queue on the server."""
    return f"{namespace}.{worker}"


def _body(task_id: str) -> bytes:
    if not is_task_id(task_id):
        raise ValueError(f"{task_id!r} cannot be the id of a task")
    return task_id.encode()
