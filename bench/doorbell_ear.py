"""A worker that only listens: prints the moment at which each ring reaches its actor.

`python -m bench.doorbell_ear URL`; the same broker and worker as in `worker.py`.
"""

from __future__ import annotations

import sys
import threading
import time

import dramatiq

from app.broker import ACTOR_NAME, MAIN_WORKER, open_worker_broker

NAMESPACE = "bellhop-bench"


def main(url: str) -> None:
    """Listen until the process is ended."""
    broker = open_worker_broker(url, namespace=NAMESPACE)
    declare = dramatiq.actor(
        actor_name=ACTOR_NAME, queue_name=MAIN_WORKER, broker=broker
    )
    declare(_hear)
    broker.emit_after("process_boot")
    worker = dramatiq.Worker(broker, queues={MAIN_WORKER}, worker_threads=1)
    worker.start()
    print("listening", flush=True)
    threading.Event().wait()


def _hear(_task_id: str) -> None:
    print(time.monotonic(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
