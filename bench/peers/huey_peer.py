"""Huey, with one worker thread.

Worker: `huey_consumer bench.peers.huey_peer.huey -k thread -w 1`
(https://huey.readthedocs.io/en/latest/guide.html)
"""

from __future__ import annotations

import os

from huey import RedisHuey

from bench.peers import job

huey = RedisHuey("bench", url=os.environ[job.QUEUE])


@huey.task()
def deliver(row_id: int) -> None:
    """Send one row's message."""
    job.deliver(row_id)


enqueue = deliver
