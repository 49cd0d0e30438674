"""Empties a queue, because a person asked for it: what waits is called off, for ever.

Called by the API and by `queue purge`. Nothing is deleted, and what a provider or a
worker has already is left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.tasks import Status
from app.logs import fields
from app.runtime import Runtime
from app.services import dispatch
from app.services.doubt import with_doubt
from app.services.following import settle
from app.services.notifications import BulkResult, Skipped
from app.services.queues import check_name
from app.storage import own_tasks, queues

log = logging.getLogger(__name__)

#: Rows in one transaction: the write lock is held for some ten milliseconds.
BATCH = 500
#: Rows that were left alone are named up to this number.
MOST_SKIPPED = 1_000
_WHY_SKIPPED = {
    Status.SENDING: "Too late: it is being sent.",
    Status.UNKNOWN: "Too late: nobody knows yet whether it was sent.",
}


def purge(
    runtime: Runtime,
    name: str,
    *,
    by: str,
    reason: str = "",
    progress: Callable[[int], None] = lambda _done: None,
) -> BulkResult:
    """Call off what waits in a queue; what comes in meanwhile stays.

    `progress` hears after each batch how many are done.
    """
    told = f"Purged by {by}: {reason}" if reason else f"Purged by {by}."
    with runtime.database.read() as tx:
        check_name(tx, runtime, name)
        last = queues.last_seq(tx)
    done, is_over = 0, False
    while not is_over:
        batch = dispatch.perform(
            runtime, lambda tx: _call_off(tx, runtime, name, last=last, reason=told)
        )
        done += batch
        is_over = batch < BATCH
        progress(done)
    with runtime.database.read() as tx:
        left = queues.under_way(tx, name, last=last, at_most=MOST_SKIPPED)
    skipped = [
        Skipped(id=row["id"], reason=_WHY_SKIPPED[Status(row["status"])])
        for row in left
    ]
    log.info(
        "Queue purged",
        extra=fields("queue_purged", queue=name, by=by, reason=reason, done=done),
    )
    return BulkResult(matched=done + len(skipped), done=done, skipped=skipped)


def _call_off(
    tx: sa.Connection, runtime: Runtime, name: str, *, last: int, reason: str
) -> int:
    now = utc_now()
    to = {
        "status": Status.CANCELLED,
        "reason": with_doubt(reason),
        "next_attempt_at": None,
        "finished_at": now,
        "updated_at": now,
    }
    ids = queues.call_off(tx, name, last=last, to=to, at_most=BATCH)
    if ids:
        groups = own_tasks.groups_of(tx, ids)
        settle(tx, runtime, ended=ids, groups=groups, now=now)
    return len(ids)
