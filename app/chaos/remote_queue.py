"""A corner of a given queue server: the run's own queues, over a line that breaks.

Made by `stage.py` for `--broker-url`. The server may serve others, so that it is never
harmed itself: it is away or stalled on the way to it alone, and only the keys or queues
of the run's own installation are emptied.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import SplitResult, urlsplit

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ChannelClosedByBroker

from app.broker import MAIN_WORKER, connection, is_rabbit, rabbit_address
from app.broker.rabbit_doorbell import queue_of
from app.chaos.proxy import Proxy
from app.errors import StartError

#: The ports where a URL names none.
RABBIT_PORT, REDIS_PORT = 5672, 6379
ANSWER_WITHIN_S = 10.0
_UNUSABLE = (
    "--broker-url looks like amqp://user:password@host:5672/ or "
    "redis://:password@host:6379/0, without TLS: the run breaks the line to the "
    "server, and a certificate would not fit what it puts in between."
)


class Corner(Protocol):
    """What an installation has on a server; both raise StartError if it cannot."""

    def empty(self) -> None:
        """Forget every ring."""

    def remove(self) -> None:
        """Leave nothing of it on the server."""


class RemoteQueue:
    """The given server, reachable at `url` as long as the line to it is whole."""

    def __init__(self, url: str, *, namespace: str) -> None:
        self._parts = _plain(url)
        self._corner = _corner(url, namespace=namespace)
        usual = RABBIT_PORT if is_rabbit(url) else REDIS_PORT
        self._proxy = Proxy(self._parts.hostname or "", self._parts.port or usual)

    def __enter__(self) -> Self:
        self._proxy.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._proxy.__exit__(kind, error, trace)
        self._corner.remove()

    @property
    def url(self) -> str:
        """The given URL, but through our line."""
        login, at, _ = self._parts.netloc.rpartition("@")
        way = f"{login}{at}127.0.0.1:{self._proxy.port}"
        return self._parts._replace(netloc=way).geturl()

    def start(self) -> None:
        """Let the server be reached again."""
        self._proxy.open()

    def kill(self) -> None:
        """Reset every connection, and refuse new ones."""
        self._proxy.close()

    def lose_journal(self) -> None:
        """Let everything be gone when the server is reached again."""
        self._corner.empty()

    def stall(self) -> None:
        """Pass nothing on: connections stay open, nothing answers."""
        self._proxy.stall()

    def resume(self) -> None:
        """Pass on what was kept back, and all that comes."""
        self._proxy.resume()

    def flush(self) -> None:
        """Make it forget every ring of ours."""
        self._corner.empty()


class RabbitCorner:
    """One queue on a RabbitMQ."""

    def __init__(self, url: str, *, queue: str) -> None:
        self._parameters = rabbit_address.parameters_of(
            rabbit_address.read_address(url),
            heartbeat_s=0,
            within_s=ANSWER_WITHIN_S,
        )
        self._queue = queue

    def empty(self) -> None:
        """Purge the queue; one that is not there yet is empty."""
        with self._channel() as channel, suppress(ChannelClosedByBroker):
            channel.queue_purge(self._queue)

    def remove(self) -> None:
        """Delete the queue."""
        with self._channel() as channel:
            channel.queue_delete(self._queue)

    @contextmanager
    def _channel(self) -> Iterator[BlockingChannel]:
        try:
            with pika.BlockingConnection(self._parameters) as line:
                yield line.channel()
        except (AMQPError, OSError) as error:
            raise StartError(rabbit_address.reason_of(error)) from None


class RedisCorner:
    """The keys with one prefix on a Redis or Valkey."""

    def __init__(self, url: str, *, prefix: str) -> None:
        self._client = connection.open_client(
            url,
            socket_timeout_s=ANSWER_WITHIN_S,
            connect_timeout_s=ANSWER_WITHIN_S,
        )
        self._pattern = f"{prefix}*"

    def empty(self) -> None:
        """Delete every key."""
        try:
            for key in self._client.scan_iter(match=self._pattern, count=1000):
                self._client.delete(key)
        except connection.CONNECTION_ERRORS as error:
            raise StartError(connection.reason_of(error)) from None

    def remove(self) -> None:
        """Delete every key, and hang up."""
        self.empty()
        self._client.close()


def knock(url: str) -> None:
    """Raise StartError where the URL cannot be used, or nobody lets us in there."""
    _plain(url)
    _corner(url, namespace="bellhop-chaos").remove()


def _corner(url: str, *, namespace: str) -> Corner:
    if is_rabbit(url):
        return RabbitCorner(url, queue=queue_of(MAIN_WORKER, namespace=namespace))
    return RedisCorner(url, prefix=f"{namespace}:")


def _plain(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("amqp", "redis") and bool(parts.hostname)
        is_usable = is_usable and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise StartError(_UNUSABLE)
    return parts
