"""The engine on a bench: a house, one worker's means, fake providers, messages.

Everything below is real but the providers and the doorbell. Nothing happens by itself:
a test releases, delivers and moves the clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from actors.run import Run
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.domain.tasks import FINISHED, MOVES, Status
from app.runtime import Runtime
from app.services import dispatch, planning, recovery, workers
from app.services.courier import Courier
from app.services.facts import SITE_DATA
from app.services.opening import open_courier
from app.services.planning import Plan
from app.services.workers import Presence
from app.storage.tables import attempts, notifications, tasks
from tests.clock import Clock, stopped_clock
from tests.fakes import FakeDoorbell, FakeProvider
from tests.house import ALICE, change_row, make_runtime, rows
from tests.triggers import allow, refuse

ALICES_PHONE = ALICE.phone or ""


#: A policy under which nothing waits but what a test makes wait.
UNLIMITED = """
[queues]
sms = { rate_limit = "0" }
whatsapp = { rate_limit = "0" }
email = { rate_limit = "0" }
"""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One worker of a house, taken apart: `run` is what a doorbell starts."""

    runtime: Runtime
    clock: Clock
    doorbell: FakeDoorbell
    provider: FakeProvider
    presence: Presence
    courier: Courier
    run: Run

    def message(self, text: str = "Hello", **plan: Any) -> str:
        """Save a message (an SMS to Alice, unless said otherwise); ring nothing."""
        values: dict[str, Any] = {
            "kind": Kind.MESSAGE,
            "channel": Channel.SMS,
            "recipient": ALICES_PHONE,
            "args": {SITE_DATA: {"text": text}},
            **plan,
        }
        with self.runtime.database.write() as tx:
            task_id = planning.insert(
                tx, self.runtime, Plan(**values), now=self.clock.now
            )
        assert task_id is not None
        return task_id

    def queued(self, text: str = "Hello", **plan: Any) -> str:
        """Save a message and hand it to the queue."""
        task_id = self.message(text, **plan)
        self.release()
        assert self.status(task_id) == "queued"
        return task_id

    def die(self) -> None:
        """Do what kill -9 does to a worker: the kernel frees its lock."""
        self.presence.lock.close()

    def release(self) -> None:
        """Do what the scheduler does every second."""
        dispatch.release(self.runtime)

    def answer_doorbells(self) -> None:
        """Do every task that was rung for, and what is rung for meanwhile."""
        while self.doorbell.rings:
            for task_id in self.doorbell.take():
                self.run(task_id)

    def work(self) -> None:
        """Release what is due, and do it all."""
        self.release()
        self.answer_doorbells()

    def relay(self) -> int:
        """Do what the scheduler does every 15 seconds."""
        return recovery.relay(self.runtime)

    def put_into(self, task_id: str, status: Status, **values: Any) -> None:
        """Put a task into a state, as a life before the test would have done."""
        is_finished = status in FINISHED
        usual = {
            "status": status,
            "next_attempt_at": None if is_finished else self.clock.now,
            "finished_at": self.clock.now if is_finished else None,
        }
        with self.runtime.database.write() as tx:
            allow(tx, "moves", table="tasks")
        change_row(self.runtime, tasks, task_id, **usual | values)
        self.guard_moves()

    def guard_moves(self) -> None:
        """Let the database itself refuse moves that are not in the table."""
        allowed = " OR ".join(
            f"(OLD.status = '{current}' AND NEW.status = '{wanted}')"
            for current, following in MOVES.items()
            for wanted in following
        )
        with self.runtime.database.write() as tx:
            allow(tx, "moves", table="tasks")
            refuse(
                tx,
                "moves",
                before="UPDATE OF status ON tasks",
                when=f"NEW.status <> OLD.status AND NOT ({allowed})",
            )

    def with_courier(self, courier: Courier) -> Engine:
        """Return the same worker with other means: words, providers, a runtime."""
        return replace(self, courier=courier, run=Run(courier, self.presence))

    def row(self, task_id: str) -> sa.RowMapping:
        """Return a task's row."""
        (row,) = rows(self.runtime, tasks, id=task_id)
        return row

    def status(self, task_id: str) -> str:
        """Return a task's status."""
        return str(self.row(task_id)["status"])

    def note(self, task_id: str) -> sa.RowMapping:
        """Return what only a message has."""
        (row,) = rows(self.runtime, notifications, task_id=task_id)
        return row

    def attempts(self, task_id: str) -> list[sa.RowMapping]:
        """Return a task's attempts, the first one first."""
        found = rows(self.runtime, attempts, task_id=task_id)
        return sorted(found, key=lambda row: int(row["number"]))

    @property
    def texts(self) -> list[str]:
        """The words that reached the provider, in order."""
        return [message.text for message in self.provider.handed]


@contextmanager
def open_engine(
    folder: Path, *, now: datetime | None = None, policy: str = "", **env: str
) -> Iterator[Engine]:
    """Build a house with its clock stopped, and register a worker in it.

    `policy`: what its `bellhop.toml` says; one that is there already stays.
    """
    if policy:
        (folder / "bellhop.toml").write_text(policy, encoding="utf-8")
    doorbell = FakeDoorbell()
    with (
        stopped_clock(*([now] if now else [])) as clock,
        make_runtime(folder, doorbell=doorbell, **env) as runtime,
    ):
        engine = join(runtime, clock=clock, doorbell=doorbell)
        engine.guard_moves()
        yield engine
        engine.presence.lock.close()


def another_worker(
    engine: Engine, provider: FakeProvider | None = None, *, name: str = "main"
) -> Engine:
    """Register one more worker of the same house."""
    return join(
        engine.runtime,
        clock=engine.clock,
        doorbell=engine.doorbell,
        provider=provider,
        name=name,
    )


def join(
    runtime: Runtime,
    *,
    clock: Clock,
    doorbell: FakeDoorbell,
    provider: FakeProvider | None = None,
    name: str = "main",
) -> Engine:
    """Register a worker in a house: the first, or one more."""
    provider = provider or FakeProvider()
    presence = workers.register(runtime, name=name)
    opened = open_courier(runtime, boot_id=presence.boot_id, worker=presence.name)
    courier = replace(opened, providers=dict.fromkeys(Channel, (provider,)))
    return Engine(
        runtime=runtime,
        clock=clock,
        doorbell=doorbell,
        provider=provider,
        presence=presence,
        courier=courier,
        run=Run(courier, presence),
    )
