"""Forgets what is old, in small batches so that no booking ever waits for it.

Called by the scheduler every hour. Only what is finished goes; its daily counts stay.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from app.clock import utc_now
from app.logs import fields
from app.runtime import Runtime
from app.services.policies import longest_limited_span
from app.storage import cleaning, ladders, task_groups, verifications
from app.storage import receipts as events

log = logging.getLogger(__name__)

#: Tasks deleted in one transaction: the write lock is held for some milliseconds.
BATCH = 50
#: After each one the others have their turn for so many times as long as it took.
REST = 2.0
#: For so long the same Idempotency-Key gives the same answer.
KEEP_IDEMPOTENCY_KEYS = timedelta(hours=24)
#: Of one-time codes only counts are of use, for a day.
KEEP_CODES = timedelta(days=2)
#: What providers told is kept as it came, for whoever asks what happened. Longer than
#: they send it again (Meta: a week), or it would be taken for new.
KEEP_EVENTS = timedelta(days=14)

#: Set as the process ends: a crowd takes minutes, and can wait for the next run.
_stopping = threading.Event()


def stop() -> None:
    """Let a cleanup that is under way end with the batch in hand."""
    _stopping.set()


def clean_up(runtime: Runtime) -> int:
    """Delete finished messages older than the policy keeps them; return how many."""
    # What a rate limit still counts stays, or more than its number would leave.
    keep = max(runtime.policy.keep_notifications, longest_limited_span(runtime))
    now = utc_now()
    finished_before = now - keep
    deleted = _in_batches(
        runtime, partial(cleaning.clean_batch, finished_before=finished_before)
    )
    _in_batches(runtime, partial(events.clean, received_before=now - KEEP_EVENTS))
    _in_batches(runtime, partial(ladders.clean, created_before=finished_before))
    _in_batches(runtime, partial(verifications.clean, created_before=now - KEEP_CODES))
    keys_before = now - KEEP_IDEMPOTENCY_KEYS
    _in_batches(
        runtime, partial(cleaning.clean_idempotency_keys, created_before=keys_before)
    )
    inbox_before = now - runtime.policy.keep_inbox
    _in_batches(runtime, partial(cleaning.clean_inbox, received_before=inbox_before))
    with runtime.database.write() as tx:
        task_groups.clean(tx, finished_before=finished_before)
    runtime.database.empty_log()
    if deleted:
        log.info("Old messages deleted", extra=fields("cleaned_up", messages=deleted))
    return deleted


def _in_batches(runtime: Runtime, clean: Callable[..., int]) -> int:
    """Clean batch by batch until none is full; return how many rows went."""
    deleted = 0
    while not _stopping.is_set():
        with runtime.database.write() as tx:
            began = time.perf_counter()
            cleaning.carry_over_often(tx)
            batch = clean(tx, limit=BATCH)
        deleted += batch
        if batch < BATCH:
            break
        _stopping.wait(REST * (time.perf_counter() - began))
    return deleted
