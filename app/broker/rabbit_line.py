"""A line to RabbitMQ: one connection, one channel, and a thread that minds them.

Opened by `rabbit_publisher.py` and `rabbit_ear.py`. The thread answers the server's
heartbeats however long its users are busy or idle, and notices at once when the server
goes; a lost line is never mended, but replaced by a new one.

pika's BlockingConnection would want one thread to come round every few seconds, and
waits for confirms without end; here every wait has its limit.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any

import pika
from pika.adapters.select_connection import IOLoop
from pika.channel import Channel
from pika.exceptions import AMQPError

from app.broker.rabbit_address import (
    RabbitAddress,
    RabbitError,
    parameters_of,
    reason_of,
)

log = logging.getLogger(__name__)
# What pika has to say of an outage, our own lines tell in fewer words.
logging.getLogger("pika").setLevel(logging.CRITICAL)

#: Seconds after which a server that told us to wait (an alarm) is left by itself.
BLOCKED_FOR_S = 60
#: Seconds for a line's orderly end.
CLOSE_WITHIN_S = 1.0

NO_ANSWER = "The queue server does not answer."
ALARM = "The queue server is short of memory or disk, and takes nothing (alarm)."

#: What is done on the line's thread: given the channel, it sees to the answer.
Deed = Callable[[Channel, "Future[Any]"], object]


class LineLostError(RabbitError):
    """Raised when the line was closed before the answer came; a new one may do."""


class Line:
    """Opens when it is made, within its time, or raises RabbitError."""

    def __init__(
        self, address: RabbitAddress, *, heartbeat_s: int, within_s: float
    ) -> None:
        self._lock = threading.Lock()
        self._reason = ""  # why it was lost
        self._loop_runs = True
        self._waiting: set[Future[Any]] = set()
        self._on_lost: list[Callable[[], object]] = []
        self.is_blocked = False
        opened = self._promise()
        parameters = parameters_of(address, heartbeat_s=heartbeat_s, within_s=within_s)
        parameters.blocked_connection_timeout = BLOCKED_FOR_S
        try:
            self._connection = self._connect(parameters, opened)
        except OSError as error:  # no file is left to open, for example
            raise RabbitError(reason_of(error)) from None
        self._thread = threading.Thread(target=self._run, name="rabbit", daemon=True)
        self._thread.start()
        self._channel: Channel = self._await(opened, within_s=within_s)

    @property
    def is_open(self) -> bool:
        """Whether it has not been lost, as far as anybody knows."""
        return not self._reason

    @property
    def reason(self) -> str:
        """Why the line was lost; empty while it is open."""
        return self._reason

    @property
    def server_version(self) -> str:
        """The version that the server gave when the line was opened."""
        return str((self._connection.server_properties or {}).get("version", ""))

    def ask(self, deed: Deed, *, within_s: float) -> Any:
        """Do this on the line's thread and return its answer, or raise RabbitError."""
        answer = self._promise()
        self._do(lambda: deed(self._channel, answer))
        return self._await(answer, within_s=within_s)

    def tell(self, deed: Callable[[Channel], object]) -> None:
        """Do this on the line's thread; raise LineLostError if there is none."""
        self._do(lambda: deed(self._channel))

    def when_lost(self, deed: Callable[[], object]) -> None:
        """Do this, on any thread, as soon as the line is lost."""
        with self._lock:
            if not self._reason:
                self._on_lost.append(deed)
                return
        deed()

    def hang_up(self, reason: str) -> None:
        """Lose this line, for a reason; whoever waits for an answer is told.

        A server that is silent is not waited for: the thread ends by itself, at the
        latest when the next heartbeats are missed.
        """
        self._lose(reason)
        with suppress(LineLostError):  # its thread has ended already
            self._schedule(self._close)

    def close(self) -> None:
        """End the line in order."""
        self.hang_up("The line to the queue server was closed.")
        self._thread.join(CLOSE_WITHIN_S)

    def _connect(
        self, parameters: pika.ConnectionParameters, opened: Future[Any]
    ) -> pika.SelectConnection:
        connection = pika.SelectConnection(
            parameters,
            on_open_callback=lambda _connection: self._open_channel(opened),
            on_open_error_callback=self._on_end,
            on_close_callback=self._on_end,
            custom_ioloop=IOLoop(),
        )
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)
        return connection

    def _promise(self) -> Future[Any]:
        answer: Future[Any] = Future()
        with self._lock:
            if self._reason:
                raise LineLostError(self._reason)
            self._waiting.add(answer)
        return answer

    def _await(self, answer: Future[Any], *, within_s: float) -> Any:
        try:
            return answer.result(timeout=within_s)
        except TimeoutError:
            self.hang_up(NO_ANSWER)
            raise RabbitError(NO_ANSWER) from None
        finally:
            with self._lock:
                self._waiting.discard(answer)

    def _do(self, deed: Callable[[], object]) -> None:
        if self._reason:
            raise LineLostError(self._reason)
        self._schedule(lambda: self._guarded(deed))

    def _schedule(self, deed: Callable[[], object]) -> None:
        with self._lock:
            if not self._loop_runs:
                raise LineLostError(self._reason)
            self._connection.ioloop.add_callback_threadsafe(deed)

    def _lose(self, reason: str) -> None:
        with self._lock:
            if self._reason:
                return
            self._reason = reason
            waiting, on_lost = list(self._waiting), list(self._on_lost)
        for answer in waiting:
            refuse(answer, LineLostError(reason))
        for deed in on_lost:
            deed()

    # What follows runs on the line's own thread.

    def _run(self) -> None:
        loop = self._connection.ioloop
        try:
            loop.start()
        except Exception as error:  # a bug: whoever waits must hear of it all the same
            log.exception("The line to the queue server broke")
            self._lose(reason_of(error))
        finally:
            with self._lock:
                self._loop_runs = False
                loop.close()

    def _open_channel(self, opened: Future[Any]) -> None:
        channel = self._connection.channel(
            on_open_callback=lambda channel: fulfil(opened, channel)
        )
        channel.add_on_close_callback(lambda _c, error: self.hang_up(reason_of(error)))

    def _guarded(self, deed: Callable[[], object]) -> None:
        try:
            deed()
        except AMQPError as error:
            self.hang_up(reason_of(error))

    def _close(self) -> None:
        if self._connection.is_open:
            self._connection.close()

    def _on_end(self, _connection: object, error: BaseException) -> None:
        self._lose(reason_of(error))
        self._connection.ioloop.stop()

    def _on_blocked(self, *_frame: object) -> None:
        self.is_blocked = True
        with self._lock:
            waiting = list(self._waiting)
        for answer in waiting:
            refuse(answer, RabbitError(ALARM))

    def _on_unblocked(self, *_frame: object) -> None:
        self.is_blocked = False


def fulfil(answer: Future[Any], value: object = None) -> None:
    """Give the answer, unless there is one already."""
    with suppress(InvalidStateError):
        answer.set_result(value)


def refuse(answer: Future[Any], error: RabbitError) -> None:
    """Give an error as the answer, unless there is one already."""
    with suppress(InvalidStateError):
        answer.set_exception(error)
