"""The desk of a process: what is handed in there becomes rows, committed and rung for.

A worker opens it around each task; a script of one's own opens it with `connect`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from app import config
from app.clock import utc_now
from app.runtime import Runtime, open_runtime
from app.services import alerts, bounces, dispatch, events, own_tasks
from app.services.actors_found import load_actors
from app.work.desk import connected
from app.work.kinds import GroupWish, Wish


class RowDesk:
    """Makes rows of wishes, in a transaction of its own for each call."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def enqueue(self, wishes: Sequence[Wish]) -> list[str]:
        """Plan tasks, all or none; return their ids."""
        if len(wishes) == 1:
            return [self._perform(own_tasks.insert_task, wishes[0])]
        ids = self._perform(own_tasks.insert_all, wishes)
        return [ids[wish.id] for wish in wishes]

    def start_group(self, group: GroupWish) -> str:
        """Plan a group; return its id."""
        group_id: str = self._perform(own_tasks.start_group, group)[0]
        return group_id

    def emit(self, event: str, payload: Mapping[str, Any]) -> list[str]:
        """Plan a task for every kind that subscribes to the event; return their ids."""

        def deed(tx: sa.Connection) -> list[str]:
            return events.emit(tx, self._runtime, event, payload, now=utc_now())

        return dispatch.perform(self._runtime, deed)

    def read_bounces(self) -> str:
        """Read the mailbox of bounces at once; return what came of it."""
        return bounces.read_mailbox(self._runtime)

    def tell_staff(self, subject: str, text: str) -> str:
        """Tell the staff at once; return what came of it. Raises Retry."""
        return alerts.deliver(self._runtime, subject=subject, text=text)

    def _perform(self, deed: Any, wanted: Any) -> Any:
        runtime = self._runtime
        return dispatch.perform(
            runtime, lambda tx: deed(tx, runtime, wanted, now=utc_now())
        )


@contextmanager
def connect() -> Iterator[Runtime]:
    """Open Bellhop for a script: what it enqueues meanwhile is planned and rung for.

    Settings are read as every process of Bellhop reads them, from the environment and
    a `.env` file in the working directory.
    """
    registry = load_actors()
    with (
        open_runtime(config.load(), registry=registry) as runtime,
        connected(RowDesk(runtime)),
    ):
        yield runtime
