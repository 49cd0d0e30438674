"""Celery, with its solo pool.

Worker: `celery -A bench.peers.celery_peer worker --pool=solo`
(https://docs.celeryq.dev/en/stable/getting-started/first-steps-with-celery.html)
"""

from __future__ import annotations

import os

from celery import Celery

from bench.peers import job

app = Celery("celery_peer", broker=os.environ[job.QUEUE])


@app.task
def deliver(row_id: int) -> None:
    """Send one row's message."""
    job.deliver(row_id)


enqueue = deliver.delay
