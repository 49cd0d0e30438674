"""The doorbell on Redis or Valkey: rings in one round trip, and fails fast.

Opened by `runtime.py` for the API, the scheduler and the worker. Dramatiq is not
imported here, and no upkeep of the queue is done: that is the workers'.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any

import redis

from app.broker.breaker import Breaker
from app.broker.connection import CONNECTION_ERRORS, open_client, reason_of
from app.broker.doorbell import CUT_SHORT, MAIN_WORKER, Doorbell
from app.broker.wire import Ring, encode_ring, is_task_id
from app.errors import QueueUnavailableError

#: Seconds for connecting, and for an answer: a booking waits no longer than 0.3 s more.
SOCKET_TIMEOUT_S = 0.25

#: Stores rings as Dramatiq's own script does (a list of ids, a hash of payloads), but
#: leaves out a task that is waiting already: however often the relay rings during a
#: long outage, the queue does not grow. Looked through are the 512 newest rings, so
#: that the cost is bounded; behind a longer queue a double may slip in, without harm.
#: A ring whose payload was evicted does not count as waiting.
RING_SCRIPT = """
local waiting = {}
for _, ring_id in ipairs(redis.call("lrange", KEYS[1], -512, -1)) do
  waiting[string.match(ring_id, "^(.*)%.") or ring_id] = ring_id
end
for i = 1, #ARGV, 3 do
  local task_id, ring_id, payload = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local earlier = waiting[task_id]
  if not earlier or redis.call("hexists", KEYS[2], earlier) == 0 then
    redis.call("hset", KEYS[2], ring_id, payload)
    redis.call("rpush", KEYS[1], ring_id)
    waiting[task_id] = ring_id
  end
end
"""

#: Rings where nobody listens, and takes the ring back within the same moment: what a
#: server answers to a ring (it is full, or only a replica) it does not say to PING.
TRY_SCRIPT = RING_SCRIPT + 'redis.call("del", KEYS[1], KEYS[2])'
#: The end of the name of a queue that no worker can have.
NOWHERE = "__ping__"


def open_redis_doorbell(url: str, *, namespace: str) -> Doorbell:
    """Return a doorbell for the queue server at `url`; connects when it is rung."""
    client = open_client(
        url, socket_timeout_s=SOCKET_TIMEOUT_S, connect_timeout_s=SOCKET_TIMEOUT_S
    )
    return RedisDoorbell(client, namespace=namespace)


class RedisDoorbell:
    """Rings the workers of one installation through its keys on one server."""

    def __init__(self, client: redis.Redis, *, namespace: str) -> None:
        self._client = client
        self._namespace = namespace
        self._breaker = Breaker()
        self._trouble = ""  # why the breaker is open
        self._store = client.register_script(RING_SCRIPT)
        self._try = client.register_script(TRY_SCRIPT)

    @property
    def available(self) -> bool:
        """Whether the breaker would let a ring through."""
        return self._breaker.would_admit

    def ring(self, task_ids: Sequence[str], *, worker: str = MAIN_WORKER) -> None:
        """Tell `worker` of these tasks, all or none, or raise QueueUnavailableError."""
        if not task_ids:
            return
        arguments = [
            part for task_id in task_ids for part in _stored(task_id, worker=worker)
        ]
        self._call(lambda: self._store(self._keys(worker), arguments))

    def depth(self, worker: str = MAIN_WORKER) -> int:
        """Count the rings that no worker has taken yet."""
        queue, _ = self._keys(worker)
        return int(self._call(lambda: self._client.llen(queue)))

    def ping(self) -> None:
        """Raise QueueUnavailableError if the server takes no ring; leave none."""
        # Always the same ring: should the server not let it be taken back, one stays.
        ring = ("ping", "ping.ping", "")
        self._call(lambda: self._try(self._keys(NOWHERE), ring))

    def close(self) -> None:
        """Close the connections."""
        self._client.connection_pool.disconnect()

    def _keys(self, worker: str) -> tuple[str, str]:
        """Return the names of a worker's list of rings, and of their payloads."""
        queue = f"{self._namespace}:{worker}"
        return queue, f"{queue}.msgs"

    def _call(self, command: Callable[[], Any]) -> Any:
        if not self._breaker.admit():
            raise QueueUnavailableError(
                f"{self._trouble} It is left alone for a moment."
            )
        try:
            answer = command()
        except CONNECTION_ERRORS as error:
            self._trouble = reason_of(error)
            self._breaker.failed()
            raise QueueUnavailableError(reason_of(error)) from None
        except BaseException:
            self._trouble = CUT_SHORT
            self._breaker.failed()  # or a probe that is cut short would keep it open
            raise
        self._breaker.succeeded()
        return answer


def _stored(task_id: str, *, worker: str) -> tuple[str, str, bytes]:
    if not is_task_id(task_id):
        raise ValueError(f"{task_id!r} cannot be the id of a task")
    # Every ring has an id of its own, as one of the same task may be in hand right now.
    ring = Ring(ring_id=f"{task_id}.{secrets.token_hex(6)}", task_id=task_id)
    return ring.task_id, ring.ring_id, encode_ring(ring, worker=worker)
