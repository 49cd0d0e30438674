"""Stock Dramatiq, with one process of one thread.

Worker: `dramatiq bench.peers.dramatiq_peer -p 1 -t 1`
(https://dramatiq.io/guide.html)
"""

from __future__ import annotations

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from bench.peers import job

dramatiq.set_broker(RedisBroker(url=os.environ[job.QUEUE]))


@dramatiq.actor
def deliver(row_id: int) -> None:
    """Send one row's message."""
    job.deliver(row_id)


enqueue = deliver.send
