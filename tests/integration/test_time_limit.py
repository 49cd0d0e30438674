"""The time limit of a real worker: it breaks a task off and loses nothing by it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import dramatiq
import pytest
import sqlalchemy as sa

import worker as worker_process
from actors import run as actor
from actors.run import Run
from app.broker import LocalDoorbell, TimeLimits, open_local_broker
from app.broker.local_broker import LocalBroker
from app.domain.circuits import PATIENCE_S
from app.domain.outcomes import Outcome, Result
from app.domain.queues import QueuePolicy
from app.services import dispatch, queues
from app.storage.tables import tasks
from tests.engine import Engine
from tests.postgres import about_sqlite
from tests.untraced import untraced
from tests.waiting import wait_until

LIMIT_S = 0.2
WITHIN_S = 15


@contextmanager
def working(
    engine: Engine, *, limit_s: float = LIMIT_S
) -> Iterator[tuple[dramatiq.Worker, LocalBroker, Run]]:
    """Run a real worker with one thread and a short time limit."""
    broker = open_local_broker()
    runtime = replace(
        engine.runtime,
        doorbell=LocalDoorbell(broker),
        policy=replace(engine.runtime.policy, queues=short_queues(engine, limit_s)),
    )
    run = Run(replace(engine.courier, runtime=runtime), engine.presence)
    run.declare(broker)
    run.limits = TimeLimits(look_every_s=LIMIT_S / 4)
    run.limits.start()
    worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=100)
    worker.start()
    dispatch.release(runtime)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(actor, "BOOK_KEEPING_S", limit_s)
            patch.setattr(actor, "OVERRUN_S", limit_s)
            yield worker, broker, run
    finally:
        worker.stop()
        run.limits.stop()
        broker.close()


def short_queues(engine: Engine, limit_s: float) -> dict[str, QueuePolicy]:
    limit = timedelta(seconds=limit_s)
    return {
        name: replace(policy, soft_time_limit=limit * 2, time_limit=limit)
        for name, policy in engine.runtime.policy.queues.items()
    }


def limit(engine: Engine, queue: str, *, soft: str, hard: str) -> None:
    values = {"soft_time_limit": soft, "time_limit": hard}
    with engine.runtime.database.write() as tx:
        queues.change(tx, engine.runtime, queue, values, by="admin")


def endless() -> Outcome:
    """Work on and on, in Python, as only a bug or a garbled answer makes us do."""
    while True:
        threading.Event().wait(0.01)


def wait_for(engine: Engine, task_id: str, status: str) -> None:
    wait_until(lambda: engine.status(task_id) == status, within_s=WITHIN_S, what=status)


def test_a_call_that_never_ends_is_broken_off_and_unknown(engine: Engine) -> None:
    engine.provider.script.append(endless)
    message = engine.message()
    later = engine.message("later", recipient="+14155550111")

    with working(engine):
        wait_for(engine, message, "unknown")
        wait_for(engine, later, "sent")

    assert "TimeLimit" in engine.row(message)["reason"]
    due = engine.row(message)["next_attempt_at"]
    assert due - engine.clock.now == timedelta(seconds=60)


@about_sqlite  # whose one lock for all it waits for
def test_a_wait_for_the_database_beyond_the_limit_leaves_it_free_and_sends_later(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    message = engine.message()

    with working(engine), untraced():
        with engine.runtime.database.write() as tx:
            # PostgreSQL has no turns to wait for, but this row.
            tx.execute(sa.select(tasks.c.seq).with_for_update()).all()
            # It strikes while the worker's thread waits for its turn.
            wait_until(
                lambda: "Time limit exceeded" in caplog.text,
                within_s=WITHIN_S,
                what="the limit",
            )
        wait_for(engine, message, "pending")
        with engine.runtime.database.write():
            pass  # nobody holds the lock

    assert "before the call" in engine.row(message)["reason"]
    assert engine.provider.handed == []
    engine.clock.advance(minutes=5)
    engine.work()
    assert engine.status(message) == "sent"


def test_a_call_that_ends_in_time_is_not_disturbed(engine: Engine) -> None:
    engine.provider.script.append(Outcome(result=Result.ACCEPTED))
    message = engine.message()

    with working(engine, limit_s=WITHIN_S):
        wait_for(engine, message, "sent")


def test_an_answer_that_comes_after_the_queues_limits_is_kept(engine: Engine) -> None:
    class Watched(TimeLimits):
        def begin(self, *, soft_s: float, hard_s: float) -> None:
            super().begin(soft_s=soft_s, hard_s=hard_s)
            self.shortest_s = min(soft_s, hard_s)

    def at_the_last_moment() -> Outcome:
        assert limits.shortest_s > 10 * engine.provider.given_s[-1]
        return Outcome(result=Result.ACCEPTED)

    limits = engine.run.limits = Watched()
    limit(engine, "sms", soft="1s", hard="2s")
    engine.provider.script.append(at_the_last_moment)
    message = engine.message()

    engine.work()

    assert engine.status(message) == "sent"


@pytest.mark.parametrize(
    ("soft", "given_s"),
    [("1s", 1.0), ("40s", PATIENCE_S)],
    ids=["the queue's, where it is shorter", "the usual patience"],
)
def test_a_call_gets_the_seconds_of_its_queue(
    engine: Engine, soft: str, given_s: float
) -> None:
    limit(engine, "sms", soft=soft, hard="41s")
    engine.message()

    engine.work()

    assert engine.provider.given_s == [given_s]


def test_a_call_that_no_limit_can_break_off_ends_the_worker(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No exception reaches a thread that waits in the operating system.
    answer = threading.Event()

    def deaf() -> Outcome:
        answer.wait()
        return Outcome(result=Result.ACCEPTED)

    engine.provider.script.append(deaf)
    message = engine.message()

    with working(engine) as (worker, broker, run), untraced():
        assert worker_process._trouble(worker, broker, run) == ""
        monkeypatch.setattr(worker_process, "HANGS_AFTER_S", LIMIT_S)
        wait_until(
            lambda: worker_process._trouble(worker, broker, run),
            within_s=WITHIN_S,
            what="trouble",
        )
        found = worker_process._trouble(worker, broker, run)
        answer.set()

    assert found == "its task in hand does not end"
    assert engine.status(message) in ("sent", "unknown")
