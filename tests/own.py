"""Tasks of one's own on a bench: a house, its kinds, and one who runs what is due.

Time stands still. Nothing happens by itself: a test plans, works and moves the clock.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.domain.gate import Refusal
from app.domain.retry import Pauses, Tries, decide
from app.domain.tasks import FINISHED, Status
from app.runtime import Runtime
from app.services import following, own_tasks, running
from app.services.desk import RowDesk
from app.services.running import Ran
from app.storage import own_tasks as store
from app.storage.tables import own_tasks as own_rows
from app.storage.tables import task_groups, tasks
from app.work import Registry, TaskKind, Wish, connected
from tests.clock import Clock, stopped_clock
from tests.fakes import FakeDoorbell
from tests.house import make_runtime, rows
from tests.own_kinds import KINDS, forget


@dataclass(frozen=True, kw_only=True)
class Shed:
    """A house where only tasks of its owner's are done."""

    runtime: Runtime
    clock: Clock

    def work(self) -> int:
        """Do everything that is due, the most urgent first; return how many runs."""
        runs = 0
        while task_id := self._next():
            self.do(task_id)
            runs += 1
        return runs

    def do(self, task_id: str) -> None:
        """Do what a worker does with one task."""
        row = self.row(task_id)
        prepared = running.prepare(self.runtime, row)
        if isinstance(prepared, Refusal):
            self.end(task_id, prepared.status, reason=prepared.reason)
            return
        self._set(task_id, status=Status.SENDING, attempts=row["attempts"] + 1)
        self._record(row, running.run(prepared, attempt=row["attempts"] + 1))

    def end(self, task_id: str, status: Status, *, reason: str = "") -> None:
        """End a task without a run, as a worker that refuses it does."""
        with self.runtime.database.write() as tx:
            self._settle(tx, task_id, status, reason=reason)
            running.finish(tx, self.runtime, task_id, now=self.clock.now)

    def expire(self, task_id: str) -> None:
        """End a task as the scheduler does, which knows nothing of those that wait."""
        with self.runtime.database.write() as tx:
            self._settle(tx, task_id, Status.EXPIRED, reason="Too late.")

    def tie_loose_ends(self) -> int:
        """Do what the scheduler does now and then."""
        return following.tie_loose_ends(self.runtime)

    def plan(self, wish: Wish) -> str:
        """Plan a task as the API does."""
        with self.runtime.database.write() as tx:
            return own_tasks.insert_task(tx, self.runtime, wish, now=self.clock.now)

    def row(self, task_id: str) -> sa.RowMapping:
        """Return a task's row."""
        with self.runtime.database.read() as tx:
            found = store.find(tx, task_id)
        assert found is not None
        return found

    def status(self, task_id: str) -> str:
        """Return a task's status."""
        return str(self.row(task_id)["status"])

    def statuses(self, ids: Sequence[str]) -> list[str]:
        """Return the tasks' statuses."""
        return [self.status(task_id) for task_id in ids]

    def all(self, kind: TaskKind[..., Any]) -> list[sa.RowMapping]:
        """Return every task of a kind, the oldest first."""
        found = rows(self.runtime, tasks, kind=kind.name)
        return sorted(found, key=lambda row: int(row["seq"]))

    def group(self, group_id: str) -> sa.RowMapping:
        """Return a group's row."""
        (row,) = rows(self.runtime, task_groups, id=group_id)
        return row

    def members(self, group_id: str) -> list[str]:
        """Return the ids of a group's tasks, in their order."""
        with self.runtime.database.read() as tx:
            chosen = store.Filter(group_id=group_id)
            found = store.page(tx, chosen, after=None, limit=1000)
        return [row["id"] for row in reversed(found)]

    def _next(self) -> str | None:
        query = (
            sa.select(tasks.c.id)
            .join(own_rows, own_rows.c.task_id == tasks.c.id)
            .where(
                tasks.c.status.in_([Status.PENDING, Status.RETRYING]),
                tasks.c.next_attempt_at <= self.clock.now,
            )
            .order_by(tasks.c.priority, tasks.c.useful_until, tasks.c.seq)
        )
        with self.runtime.database.read() as tx:
            return tx.execute(query).scalars().first()

    def _record(self, row: Mapping[str, Any], ran: Ran) -> None:
        kind = self.runtime.registry.find(row["kind"])
        decision = decide(
            ran.outcome,
            tries=Tries(quick=row["quick_tries"] + 1, rounds=row["rounds"]),
            policy=kind.policy(self.runtime.policy.queues[row["queue"]]),
            pauses=Pauses(
                retry_failed=self.runtime.policy.retry_failed,
                look_up=self.runtime.policy.look_up,
            ),
            now=self.clock.now,
            chance=random.random,
        )
        with self.runtime.database.write() as tx:
            self._settle(
                tx,
                row["id"],
                decision.status,
                reason=ran.outcome.reason,
                next_attempt_at=decision.next_attempt_at,
                quick_tries=row["quick_tries"] + 1,
            )
            running.finish(tx, self.runtime, row["id"], ran, now=self.clock.now)

    def _settle(
        self, tx: sa.Connection, task_id: str, status: Status, **values: Any
    ) -> None:
        at = self.clock.now if status in FINISHED else None
        usual = {"status": status, "next_attempt_at": None, "finished_at": at}
        tx.execute(
            sa.update(tasks).where(tasks.c.id == task_id).values({**usual, **values})
        )

    def _set(self, task_id: str, **values: Any) -> None:
        with self.runtime.database.write() as tx:
            tx.execute(sa.update(tasks).where(tasks.c.id == task_id).values(**values))


@contextmanager
def open_shed(
    folder: Path, kinds: Sequence[TaskKind[..., Any]] = KINDS, **env: str
) -> Iterator[Shed]:
    """Build a house that knows these kinds, and open its desk."""
    forget()
    doorbell = FakeDoorbell()
    doorbell.available = False  # no worker but the test's own hears of anything
    with (
        stopped_clock() as clock,
        make_runtime(folder, doorbell=doorbell, **env) as empty,
    ):
        runtime = replace(empty, registry=Registry(kinds))
        with connected(RowDesk(runtime)):
            yield Shed(runtime=runtime, clock=clock)
