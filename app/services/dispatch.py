"""Hands due tasks to idle workers: marks them `queued`, then rings the doorbell.

Called after every deed that plans something and by the scheduler every second. A worker
that is busy needs no bell: it takes the next row itself as it finishes. Never waits for
the queue server longer than a doorbell may.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import sqlalchemy as sa

from app.clock import utc_now
from app.errors import DeadlockError, QueueUnavailableError, StorageUnavailableError
from app.logs import fields
from app.runtime import Runtime
from app.services.choosing import choose, choose_look_up
from app.services.gates import Gates
from app.storage import releasing

log = logging.getLogger(__name__)
Result = TypeVar("Result")

#: How often a deed is done again that waited for another one and that one for it.
MOST_DEADLOCKS = 3
#: The tasks to ring for once the transaction has committed, by their worker's name.
Rungs = Mapping[str, Sequence[str]]


def perform(runtime: Runtime, deed: Callable[[sa.Connection], Result]) -> Result:
    """Do `deed` in one transaction, release what it planned with it, then ring.

    The release shares the deed's commit. A deed that ends in a deadlock leaves nothing
    behind, and is done again. Where the queue server is away the rows stay
    `pending` and nothing is lost: the scheduler releases them when it is back.
    """
    for _ in range(MOST_DEADLOCKS):
        try:
            result, rungs = _done(runtime, deed)
            break
        except DeadlockError as error:
            log.info("Done once more", extra=fields("deadlock", cause=error))
    else:
        result, rungs = _done(runtime, deed)
    ring(runtime, rungs)
    return result


def _done(
    runtime: Runtime, deed: Callable[[sa.Connection], Result]
) -> tuple[Result, Rungs]:
    with runtime.database.write() as tx:
        return deed(tx), release_within(tx, runtime)


def release(runtime: Runtime) -> int:
    """Ring for what is due, as many as there are idle workers; return how many."""
    with runtime.database.write() as tx:
        rungs = release_within(tx, runtime)
    ring(runtime, rungs)
    return sum(map(len, rungs.values()))


def release_within(tx: sa.Connection, runtime: Runtime) -> Rungs:
    """Mark due tasks `queued` in an open transaction; the caller rings after it."""
    if not runtime.doorbell.available:
        return {}
    now = utc_now()
    gates = Gates(tx, runtime, now=now)
    gates.take_turn()
    rungs: dict[str, list[str]] = {}
    for worker, room in _idle(tx, runtime, gates).items():
        chosen = choose(tx, gates, worker=worker, now=now, most=room)
        ids = [row.id for row in chosen]
        if not ids and (unknown := choose_look_up(tx, gates, worker=worker, now=now)):
            ids = [unknown]
        if ids:
            releasing.mark_queued(tx, ids, now=now)
            rungs[worker] = ids
    return rungs


def ring(runtime: Runtime, rungs: Rungs) -> None:
    """Ring for each task; where that fails they wait again, and nothing is lost."""
    for worker, ids in rungs.items():
        try:
            runtime.doorbell.ring(ids, worker=worker)
        except QueueUnavailableError as error:
            log.warning(
                "Queue not reached; messages wait",
                extra=fields("queue_not_reached", waiting=len(ids), cause=error),
            )
            _put_back(runtime, ids)


def _idle(tx: sa.Connection, runtime: Runtime, gates: Gates) -> Mapping[str, int]:
    """Return how many rows each worker's name may be rung for, none left out.

    Where no worker of a name is known nothing is rung: whoever starts looks by itself,
    and what is on its way to nobody must not take the room of others.
    """
    crews = releasing.crews(tx)
    queued: dict[str, int] = {}
    for queue, count in releasing.count_queued(tx).items():
        worker = gates.policy(queue).worker
        queued[worker] = queued.get(worker, 0) + count
    names = {gates.policy(queue).worker for queue in runtime.policy.queues}
    idle = {
        name: crews[name].idle - queued.get(name, 0) for name in names if name in crews
    }
    return {name: room for name, room in idle.items() if room > 0}


def _put_back(runtime: Runtime, ids: Sequence[str]) -> None:
    try:
        with runtime.database.write() as tx:
            releasing.put_back(tx, ids=ids, now=utc_now())
    except StorageUnavailableError as error:
        # What was asked for is saved: an error now would deny that. The rows stay
        # `queued`, and the relay frees them later.
        log.warning("Rows not put back", extra=fields("not_put_back", cause=error))
