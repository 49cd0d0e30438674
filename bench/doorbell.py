"""The doorbell alone: from the ring to the worker's actor, nothing being delivered.

Beside it the least that there is on this machine: a word pushed into Redis and popped
by another process. Both take turns, ring by ring, so that noise hits both alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import redis

from app.broker import open_redis_doorbell
from bench import plain_ear
from bench.children import Child, last_words, own_python, running, scratch
from bench.doorbell_ear import NAMESPACE
from bench.figures import Figure, latencies, quantile
from bench.queue_server import queue_server

#: Promised: p99 in milliseconds.
LIMIT_MS = 2.0
WARM_UP = 20
#: Seconds between two rings: the ear blocks on the queue again by then.
PAUSE_S = 0.02


def measure(*, count: int, say: Callable[[str], None]) -> list[Figure]:
    """Return how long a ring takes to be heard by an idle worker."""
    say("the doorbell alone")
    with scratch() as folder, queue_server(folder) as server:
        rung, pushed = _waits(folder, server.url, count=WARM_UP + count)
    rung, pushed = rung[WARM_UP:], pushed[WARM_UP:]
    return [
        *latencies("doorbell alone", rung, p99_limit_ms=LIMIT_MS),
        *latencies("plain Redis", pushed),
        *(
            Figure(
                name=f"doorbell alone, p{share * 100:.0f}, Bellhop / plain Redis",
                value=quantile(rung, share) / quantile(pushed, share),
                unit="",
            )
            for share in (0.5, 0.99)
        ),
    ]


def _waits(folder: Path, url: str, *, count: int) -> tuple[list[float], list[float]]:
    doorbell = open_redis_doorbell(url, namespace=NAMESPACE)
    plain = redis.Redis.from_url(url)
    rung, pushed = [], []
    with (
        _ear("bench.doorbell_ear", url, folder) as worker,
        _ear("bench.plain_ear", url, folder) as listener,
    ):
        for number in range(count):
            ring = partial(doorbell.ring, [str(number)])
            rung.append(_heard(worker, folder, ring))
            push = partial(plain.lpush, plain_ear.KEY, number)
            pushed.append(_heard(listener, folder, push))
    doorbell.close()
    plain.close()
    return rung, pushed


@contextmanager
def _ear(module: str, url: str, folder: Path) -> Iterator[Child]:
    command = own_python("-m", module, url)
    with running(command, folder=folder, environment={}) as ear:
        assert ear.stdout is not None
        ear.stdout.readline()
        yield ear


def _heard(ear: Child, folder: Path, ring: Callable[[], object]) -> float:
    """Ring, and return after how many seconds the ear heard it."""
    assert ear.stdout is not None
    time.sleep(PAUSE_S)
    rung = time.monotonic()
    ring()
    heard = ear.stdout.readline()
    if not heard:
        raise RuntimeError(f"the ear ended: {last_words(folder)}")
    return float(heard) - rung
