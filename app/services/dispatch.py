"""Hands due tasks to the queue: marks them `queued`, then rings the doorbell.

Called after every deed that plans something, by the worker after each task and by the
scheduler every second. Never waits for the queue server longer than a doorbell may.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.queues import MAIN_WORKER
from app.errors import QueueUnavailableError, StorageUnavailableError
from app.logs import fields
from app.runtime import Runtime
from app.storage import releasing
from app.storage.releasing import Rung

log = logging.getLogger(__name__)
Result = TypeVar("Result")

#: At most so many tasks of one worker have a doorbell in the queue, so that what comes
#: late but matters more never stands behind a thousand others.
MOST_QUEUED = 16
#: The queue is filled up again when no more than this are left in it: a release costs
#: the same for one task as for ten.
REFILL_AT = 8


def perform(runtime: Runtime, deed: Callable[[sa.Connection], Result]) -> Result:
    """Do `deed` in one transaction, release what it planned with it, then ring.

    The release shares the deed's commit. Where the queue server is away the rows stay
    `pending` and nothing is lost: the scheduler releases them when it is back.
    """
    with runtime.database.write() as tx:
        result = deed(tx)
        rungs = release_within(tx, runtime)
    ring(runtime, rungs)
    return result


def release(runtime: Runtime, *, look_ups: bool = False) -> int:
    """Release what is due, and with `look_ups` unknown outcomes; return how many."""
    with runtime.database.write() as tx:
        rungs = release_within(tx, runtime)
        if look_ups and runtime.doorbell.available:
            rungs += releasing.due_look_ups(tx, now=utc_now())
    ring(runtime, rungs)
    return len(rungs)


def release_within(tx: sa.Connection, runtime: Runtime) -> list[Rung]:
    """Mark due tasks `queued` in an open transaction; the caller rings after it."""
    if not runtime.doorbell.available:
        return []
    queued = releasing.count_queued(tx)
    now = utc_now()
    rungs: list[Rung] = []
    for queues in _queues_by_worker(runtime).values():
        waiting = sum(queued.get(queue, 0) for queue in queues)
        if waiting <= REFILL_AT:
            room = MOST_QUEUED - waiting
            rungs += releasing.release(tx, queues=queues, now=now, room=room)
    return rungs


def ring(runtime: Runtime, rungs: Sequence[Rung]) -> None:
    """Ring for each task; where that fails they wait again, and nothing is lost."""
    by_worker: dict[str, list[str]] = defaultdict(list)
    for rung in rungs:
        by_worker[_worker_of(runtime, rung.queue)].append(rung.id)
    for worker, ids in by_worker.items():
        try:
            runtime.doorbell.ring(ids, worker=worker)
        except QueueUnavailableError as error:
            log.warning(
                "Queue not reached; messages wait",
                extra=fields("queue_not_reached", waiting=len(ids), cause=error),
            )
            _put_back(runtime, ids)


def _put_back(runtime: Runtime, ids: Sequence[str]) -> None:
    try:
        with runtime.database.write() as tx:
            releasing.put_back(tx, ids=ids, now=utc_now())
    except StorageUnavailableError as error:
        # What was asked for is saved: an error now would deny that. The rows stay
        # `queued`, and the relay rings for them later.
        log.warning("Rows not put back", extra=fields("not_put_back", cause=error))


def _queues_by_worker(runtime: Runtime) -> Mapping[str, Sequence[str]]:
    queues: dict[str, list[str]] = defaultdict(list)
    for name, policy in runtime.policy.queues.items():
        queues[policy.worker].append(name)
    return queues


def _worker_of(runtime: Runtime, queue: str) -> str:
    # A queue of an older Bellhop has no policy any more.
    policy = runtime.policy.queues.get(queue)
    return MAIN_WORKER if policy is None else policy.worker
