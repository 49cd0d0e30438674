"""Two transactions open at once: the second begins before the first has committed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import sqlalchemy as sa

from app.errors import BellhopError
from app.runtime import Runtime
from tests.waiting import wait_until

Deed = Callable[[sa.Connection], Any]
_WAITERS = sa.text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def both(runtime: Runtime, first: Deed, second: Deed) -> tuple[Any, Any]:
    """Do the second deed while the first is done and not committed; return both.

    What a deed raises is returned in its place.
    """
    with ThreadPoolExecutor(1) as pool:
        with runtime.database.write() as tx:
            done = first(tx)
            other = pool.submit(in_own_transaction, runtime, second)
            wait_until_held_up(runtime, other)
        return done, _outcome(other)


def wait_until_held_up(runtime: Runtime, other: Future[Any]) -> None:
    """Wait until the other one is done, or waits for a row that we hold."""
    wait_until(
        lambda: other.done() or _someone_waits(runtime),
        within_s=10,
        what="the second is done, or waits for the first",
    )


def in_own_transaction(runtime: Runtime, deed: Deed) -> Any:
    """Do a deed, and commit it."""
    with runtime.database.write() as tx:
        return deed(tx)


def _someone_waits(runtime: Runtime) -> bool:
    with runtime.database.read() as tx:
        return bool(tx.execute(_WAITERS).scalar_one())


def _outcome(task: Future[Any]) -> Any:
    try:
        return task.result()
    except BellhopError as error:
        return error
