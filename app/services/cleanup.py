"""Forgets what is old, in small batches so that no booking ever waits for it.

Called by the scheduler every hour. Only what is finished goes; its daily counts stay.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from app.clock import utc_now
from app.logs import fields
from app.runtime import Runtime
from app.storage import cleaning, task_groups

log = logging.getLogger(__name__)

#: Tasks deleted in one transaction: the write lock is held for some ten milliseconds.
BATCH = 200
#: For so long the same Idempotency-Key gives the same answer.
KEEP_IDEMPOTENCY_KEYS = timedelta(hours=24)


def clean_up(runtime: Runtime) -> int:
    """Delete finished messages older than the policy keeps them; return how many."""
    now = utc_now()
    finished_before = now - runtime.policy.keep_notifications
    deleted = 0
    while True:
        with runtime.database.write() as tx:
            batch = cleaning.clean_batch(
                tx, finished_before=finished_before, limit=BATCH
            )
        deleted += batch
        if batch < BATCH:
            break
    with runtime.database.write() as tx:
        cleaning.clean_idempotency_keys(tx, created_before=now - KEEP_IDEMPOTENCY_KEYS)
        task_groups.clean(tx, finished_before=finished_before)
    if deleted:
        log.info("Old messages deleted", extra=fields("cleaned_up", messages=deleted))
    return deleted
