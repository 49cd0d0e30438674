"""The doorbell alone: from the ring to the worker's actor, nothing being delivered."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from app.broker import open_redis_doorbell
from bench.children import last_words, own_python, running, scratch
from bench.doorbell_ear import NAMESPACE
from bench.figures import Figure, latencies
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
        waits = _waits(folder, server.url, count=WARM_UP + count)
    return latencies("doorbell alone", waits[WARM_UP:], p99_limit_ms=LIMIT_MS)


def _waits(folder: Path, url: str, *, count: int) -> list[float]:
    doorbell = open_redis_doorbell(url, namespace=NAMESPACE)
    command = own_python("-m", "bench.doorbell_ear", url)
    waits = []
    with running(command, folder=folder, environment={}) as ear:
        assert ear.stdout is not None
        ear.stdout.readline()
        for number in range(count):
            time.sleep(PAUSE_S)
            rung = time.monotonic()
            doorbell.ring([str(number)])
            heard = ear.stdout.readline()
            if not heard:
                raise RuntimeError(f"the ear ended: {last_words(folder)}")
            waits.append(float(heard) - rung)
    doorbell.close()
    return waits
