"""Who works: registration, heartbeats, and taking over what a dead worker held.

A worker holds a lock on a file as long as it lives, so that on its own host nobody has
to guess: the kernel frees the lock of a dead process at once, and never of one that is
merely stopped. Of other hosts only a heartbeat tells that no longer changes.
"""

from __future__ import annotations

import logging
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa

from app.channels.credentials import REPEATS_SAFELY
from app.clock import monotonic, utc_now
from app.logs import fields
from app.runtime import Runtime
from app.services import dispatch
from app.storage import recovering, releasing
from app.storage.lock import FileLock
from app.storage.recovering import InDoubt

log = logging.getLogger(__name__)

#: Said of a message that was being sent when its worker died.
DIED = "The worker stopped during the call; nobody knows whether it was sent."
#: Said of one of the owner's own tasks; `look_ups.after_crash` adds what follows.
DIED_AT_TASK = "The worker stopped while it ran."
#: A process that has said goodbye is gone after this; until then a task that did not
#: end in time may go on in it.
GONE_WITHIN = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Presence:
    """One run of a worker: its name in the rows it holds, and the lock it lives by."""

    boot_id: str
    name: str
    lock: FileLock
    lock_path: Path


def register(runtime: Runtime, *, name: str) -> Presence:
    """Take this run's lock, then write down that the worker lives."""
    boot_id = uuid4().hex
    path = _lock_path(runtime, boot_id)
    lock = FileLock(path)
    lock.try_acquire()
    with runtime.database.write() as tx:
        recovering.register_worker(
            tx,
            boot_id=boot_id,
            name=name,
            host=_place(runtime),
            pid=os.getpid(),
            now=utc_now(),
        )
    return Presence(boot_id=boot_id, name=name, lock=lock, lock_path=path)


def beat(runtime: Runtime, presence: Presence) -> bool:
    """Write a heartbeat; False where another host has taken this worker for dead."""
    with runtime.database.write() as tx:
        return recovering.beat(tx, boot_id=presence.boot_id, now=utc_now())


def leave(runtime: Runtime, presence: Presence) -> None:
    """Say goodbye after the last message; what is still held becomes unknown."""
    with runtime.database.write() as tx:
        _take_over(tx, runtime, boot_id=presence.boot_id, gone_within=GONE_WITHIN)
    presence.lock.close()
    with suppress(OSError):
        presence.lock_path.unlink()


def take_over(runtime: Runtime) -> int:
    """Take over what dead workers held, and let wait again what they had heard.

    Returns how many workers were found dead. Never touches a living one's rows: whoever
    has just started calls nobody of another host dead before it has looked for long.
    """
    with runtime.database.read() as tx:
        known = recovering.all_workers(tx)
        orphans = recovering.orphans(tx)
    runtime.heartbeats.forget_all_but({row["boot_id"] for row in known})
    dead = [row["boot_id"] for row in known if _is_dead(runtime, row)]
    if not dead and not orphans:
        return 0
    now = utc_now()
    with runtime.database.write() as tx:
        for boot_id in (*dead, *orphans):
            _take_over(tx, runtime, boot_id=boot_id)
        releasing.put_back_unheard(tx, before=now, now=now)
        rungs = dispatch.release_within(tx, runtime)
    dispatch.ring(runtime, rungs)
    for boot_id in dead:
        with suppress(OSError):
            _lock_path(runtime, boot_id).unlink()
        log.warning(
            "Dead worker's messages taken over",
            extra=fields("worker_taken_over", boot_id=boot_id),
        )
    return len(dead)


def _take_over(
    tx: sa.Connection,
    runtime: Runtime,
    *,
    boot_id: str,
    gone_within: timedelta = timedelta(0),
) -> None:
    now = utc_now()
    recovering.make_unknown(
        tx,
        boot_id=boot_id,
        message=InDoubt(reason=DIED, clear_up_at=now + runtime.policy.look_up),
        # There is no provider whose "not found" proves nothing yet.
        own=InDoubt(reason=DIED_AT_TASK, clear_up_at=now + gone_within),
        now=now,
        at_once=REPEATS_SAFELY,
    )
    recovering.free_look_ups(tx, boot_id=boot_id, now=now, look_up_at=now)
    recovering.forget_worker(tx, boot_id=boot_id)


def _is_dead(runtime: Runtime, worker: sa.RowMapping) -> bool:
    path = _lock_path(runtime, worker["boot_id"])
    # A lock file that somebody has tidied away tells nothing: its holder may live.
    if worker["host"] == _place(runtime) and path.exists():
        return _lock_is_free(path)
    return runtime.heartbeats.is_over(
        worker["boot_id"],
        heartbeat_at=worker["heartbeat_at"],
        now_s=monotonic(),
        expiry=runtime.policy.worker_expiry,
    )


def _lock_is_free(path: Path) -> bool:
    lock = FileLock(path)
    try:
        return lock.try_acquire()
    finally:
        lock.close()


def _lock_path(runtime: Runtime, boot_id: str) -> Path:
    return runtime.settings.data_dir / "run" / f"worker-{boot_id}.lock"


def _place(runtime: Runtime) -> str:
    """Return the name of the place where locks can be seen: host and data directory.

    Two boxes on one host, with data directories of their own, are two places.
    """
    folder = runtime.settings.data_dir.resolve()
    return f"{socket.gethostname()}:{folder}"
