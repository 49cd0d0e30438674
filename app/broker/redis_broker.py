"""The worker's broker on Redis or Valkey: Dramatiq's, made to survive its server.

Opened by `worker.py`. It stands on Dramatiq's own script and keys, so read
`dramatiq/brokers/redis.py` before its version is raised.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import current_millis
from dramatiq.errors import ConnectionClosed
from redis.exceptions import NoScriptError

from app.broker.connection import CONNECTION_ERRORS, open_client, reason_of
from app.broker.consumer import RedisConsumer
from app.broker.worker_broker import WorkerBroker


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a worker waits for what; tests are less patient.

    The rings of a killed worker are heard by another one after `heartbeat_timeout_s`,
    `upkeep_every_s` and one wait (of a second): within 15 s in all.
    """

    #: Seconds for connecting and for an answer. A server that stalls for longer, as
    #: while its disk is slow, is taken for lost; longer than `longest_wait_s`.
    connect_timeout_s: float = 1.0
    socket_timeout_s: float = 3.0
    #: Seconds that a consumer waits for a ring before it shows that it is alive.
    longest_wait_s: float = 1.0
    #: Seconds of silence after which a worker's rings are given to the others. A
    #: worker is heard of every second, so that only a dead or frozen one is silent.
    heartbeat_timeout_s: float = 8.0
    #: Seconds between two looks for such silent workers.
    upkeep_every_s: float = 3.0


class _ScriptForgotten(Exception):  # noqa: N818 - no error: the next call loads it
    """The server has been started anew and does not know Dramatiq's script yet."""


def open_worker_broker(
    url: str,
    *,
    namespace: str,
    patience: Patience | None = None,
) -> WorkerBroker:
    """Return the broker of a worker; connects when the worker starts to consume.

    The server may be away: the consumer tries again until it is there.
    """
    patience = patience or Patience()
    connect_within_s = patience.connect_timeout_s
    client = open_client(
        url,
        socket_timeout_s=patience.socket_timeout_s,
        connect_timeout_s=connect_within_s,
    )
    knocker = open_client(
        url, socket_timeout_s=connect_within_s, connect_timeout_s=connect_within_s
    )
    return RedisWorkerBroker(client, knocker, namespace=namespace, patience=patience)


class RedisWorkerBroker(WorkerBroker, RedisBroker):
    """Every error of the server leaves it as Dramatiq's ConnectionClosed.

    Stock Dramatiq translates one class of them only; any other (a time-out, out of
    memory, a denied command) ends the consumer's thread while the process lives on.
    """

    def __init__(
        self,
        client: redis.Redis,
        knocker: redis.Redis,
        *,
        namespace: str,
        patience: Patience,
    ) -> None:
        super().__init__(
            client=client,
            namespace=namespace,
            heartbeat_timeout=int(patience.heartbeat_timeout_s * 1000),
        )
        self._knocker = knocker
        self._patience = patience
        self._next_upkeep = 0.0

    def open_queue(self, queue_name: str) -> None:
        """Make the queue known; Redis makes its keys by itself."""
        self.queues.add(queue_name)

    def consume(
        self,
        queue_name: str,
        prefetch: int = 1,  # noqa: ARG002 - see hand.py: a worker holds one ring
        timeout: int = 1000,
    ) -> RedisConsumer:
        """Return a consumer that waits for rings at most `timeout` ms at a time."""
        wait_s = min(timeout / 1000, self._patience.longest_wait_s)
        return RedisConsumer(self, queue_name=queue_name, wait_s=wait_s)

    def knock(self) -> None:
        """Raise ConnectionClosed if the server does not answer, sooner than a call.

        No connection is kept: it is for outages alone.
        """
        try:
            self._guarded(self._knocker.ping)
        finally:
            self._knocker.connection_pool.disconnect()

    def fetch_when_rung(
        self, queue_name: str, *, within_s: float
    ) -> list[bytes | None]:
        """Block until the queue holds a ring, for at most so long, and take it.

        Moving the first ring from the queue's head to its head changes nothing, but
        blocks while there is none. So all idle workers of one name wake when one is
        stored, by whomever, and no second key can fall out of step with the queue.

        Both commands are sent at once: the server goes from one to the other by itself,
        which saves a woken worker the way there and back.
        """
        key = f"{self.namespace}:{queue_name}"
        both = self.client.pipeline(transaction=False)
        both.execute_command("BLMOVE", key, key, "LEFT", "LEFT", within_s)
        script = self.scripts["dispatch"].sha
        both.evalsha(script, 1, self.namespace, *self._fetch_arguments(queue_name))
        rings: list[bytes | None]
        try:
            _, rings = self._guarded(both.execute)
        except _ScriptForgotten:
            rings = self.do_fetch(queue_name, 1)
        return rings

    def held_rings(self, queue_name: str) -> set[bytes]:
        """Return the ids of the rings that the server thinks this worker holds."""
        key = f"{self.namespace}:__acks__.{self.broker_id}.{queue_name}"
        return set(self._guarded(lambda: self.client.smembers(key)))

    def close(self) -> None:
        """Close the connections."""
        self.client.connection_pool.disconnect()

    def _dispatch(self, command: str) -> Callable[..., Any]:
        """Return Dramatiq's call of its script (fetch, ack, …), guarded."""
        call = super()._dispatch(command)  # type: ignore[no-untyped-call]  # untyped there
        return lambda *arguments: self._guarded(lambda: call(*arguments))

    def _fetch_arguments(self, queue_name: str) -> list[Any]:
        """Return what Dramatiq's script is given by a fetch of one ring."""
        return [
            "fetch",
            current_millis(),
            queue_name,
            self.broker_id,
            self.heartbeat_timeout,
            self.dead_message_ttl,
            self._should_do_maintenance("fetch"),
            self._max_unpack_size(),  # type: ignore[no-untyped-call]  # untyped there
            1,
        ]

    def _should_do_maintenance(self, command: str) -> int:
        """Look for silent workers at fixed times.

        Stock Dramatiq throws dice at every fetch: the mean is twelve minutes.
        """
        if command != "fetch" or time.monotonic() < self._next_upkeep:
            return 0
        self._next_upkeep = time.monotonic() + self._patience.upkeep_every_s
        return 1

    def _guarded(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except NoScriptError:
            raise _ScriptForgotten from None
        except CONNECTION_ERRORS as error:
            raise ConnectionClosed(reason_of(error)) from None  # type: ignore[no-untyped-call]  # untyped there
