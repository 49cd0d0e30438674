"""Tasks of one's own on a bench: a house, its kinds, and a worker that runs them.

Time stands still. Nothing happens by itself: a test plans, works and moves the clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.gate import Refusal
from app.domain.tasks import Status
from app.runtime import Runtime
from app.services import delivery, following, own_tasks, running
from app.services.claiming import claim_task
from app.services.desk import RowDesk
from app.services.gates import Gates
from app.services.recording import save
from app.storage import delivering, own_task_lists
from app.storage import own_tasks as store
from app.storage.tables import task_groups, tasks
from app.work import Registry, TaskKind, Wish, connected
from tests.clock import Clock, stopped_clock
from tests.engine import Engine, join
from tests.fakes import FakeDoorbell
from tests.house import make_runtime, rows
from tests.own_kinds import KINDS, forget


@dataclass(frozen=True, kw_only=True)
class Shed:
    """A house where tasks of its owner's are done, by one worker."""

    engine: Engine

    @property
    def runtime(self) -> Runtime:
        """The house."""
        return self.engine.runtime

    @property
    def clock(self) -> Clock:
        """Its time."""
        return self.engine.clock

    def work(self) -> int:
        """Do everything that is due, the most urgent first; return how many runs."""
        before = self.engine.run.count
        self.engine.run("a bell for nothing special")
        return self.engine.run.count - before

    def do(self, task_id: str) -> None:
        """Do this task alone, whatever else is due."""
        courier = self.engine.courier
        with self.runtime.database.write() as tx:
            row = delivering.find(tx, task_id=task_id)
            assert row is not None
            claim = claim_task(tx, courier, Gates(tx, self.runtime, now=utc_now()), row)
        assert claim is not None
        if not isinstance(claim, Refusal):
            courier.hands.unsaved.append(delivery.do(courier, claim))
            save(courier)

    def end(self, task_id: str, status: Status) -> None:
        """End a task without a run."""
        self.engine.put_into(task_id, status)
        with self.runtime.database.write() as tx:
            running.finish(tx, self.runtime, task_id, now=self.clock.now)

    def expire(self, task_id: str) -> None:
        """End a task as the scheduler does, which knows nothing of those that wait."""
        self.engine.put_into(task_id, Status.EXPIRED)

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
            chosen = own_task_lists.Filter(group_id=group_id)
            found = own_task_lists.look(tx, chosen, after=None, limit=1000).rows
        return [row["id"] for row in reversed(found)]


@contextmanager
def open_shed(
    folder: Path, kinds: Sequence[TaskKind[..., Any]] = KINDS, **env: str
) -> Iterator[Shed]:
    """Build a house that knows these kinds, and open its desk."""
    forget()
    doorbell = FakeDoorbell()
    doorbell.available = False  # the worker comes when the test says so
    with (
        stopped_clock() as clock,
        make_runtime(folder, doorbell=doorbell, **env) as empty,
    ):
        runtime = replace(empty, registry=Registry(kinds))
        engine = join(runtime, clock=clock, doorbell=doorbell)
        engine.guard_moves()
        with connected(RowDesk(runtime)):
            yield Shed(engine=engine)
        engine.presence.lock.close()
