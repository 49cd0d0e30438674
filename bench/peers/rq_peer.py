"""RQ, with the worker that runs jobs in its own process.

Worker: `rq worker --url … --worker-class rq.SimpleWorker`
(https://python-rq.org/docs/ and https://python-rq.org/docs/workers/)
"""

from __future__ import annotations

import os

from redis import Redis
from rq import Queue

from bench.peers import job

queue = Queue(connection=Redis.from_url(os.environ[job.QUEUE]))


def enqueue(row_id: int) -> None:
    """Put one row's message into the queue."""
    queue.enqueue(job.deliver, row_id)
