"""What a dead worker held is taken over; what a living one holds, never."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.channels.base import LookupAnswer
from app.clock import utc_now
from app.domain.outcomes import Lookup, Outcome, Result
from app.services import workers
from app.services.workers import DIED
from app.storage import tables
from tests.clock import Clock
from tests.elsewhere import take_over_from_elsewhere
from tests.engine import Engine, another_worker, join
from tests.fakes import FakeDoorbell, FakeProvider
from tests.house import count, make_runtime, rows

ROOT = Path(__file__).resolve().parents[2]
ACCEPTED = Outcome(result=Result.ACCEPTED, provider_message_id="SM1")

#: A worker that has a message in hand: its provider does not answer until it is told.
BUSY_WORKER = """
import sys
from pathlib import Path
from app.clock import utc_now
from app.domain.outcomes import Outcome, Result
from tests.clock import Clock
from tests.engine import join
from tests.fakes import FakeDoorbell
from tests.house import make_runtime

def busy():
    print("sending", flush=True)
    sys.stdin.readline()
    return Outcome(result=Result.ACCEPTED, provider_message_id="SM1")

with make_runtime(Path(sys.argv[1]), doorbell=FakeDoorbell()) as runtime:
    worker = join(runtime, clock=Clock(utc_now()), doorbell=runtime.doorbell)
    worker.provider.script.append(busy)
    worker.run(sys.argv[2])
    print("done", flush=True)
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Engine]:
    """Another worker of the same box, in real time."""
    doorbell = FakeDoorbell()
    with make_runtime(tmp_path, doorbell=doorbell) as runtime:
        worker = join(runtime, clock=Clock(utc_now()), doorbell=doorbell)
        yield worker
        worker.die()


@contextmanager
def busy_worker(folder: Path, message: str) -> Iterator[subprocess.Popen[str]]:
    """Run a worker in a process of its own that has this message in hand."""
    child = subprocess.Popen(
        [sys.executable, "-c", BUSY_WORKER, str(folder), message],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "sending\n"
        yield child
        child.kill()


def test_a_worker_that_is_merely_stopped_keeps_its_message(
    other: Engine, tmp_path: Path
) -> None:
    message = other.queued()
    with busy_worker(tmp_path, message) as child:
        child.send_signal(signal.SIGSTOP)
        make_heartbeats_old(other)

        found = [workers.take_over(other.runtime) for _ in range(3)]

        assert found == [0, 0, 0]
        assert other.status(message) == "sending"
        child.send_signal(signal.SIGCONT)
        answer, _ = child.communicate("go on\n")
        assert answer == "done\n"
    assert other.status(message) == "sent"


def test_a_killed_workers_message_becomes_unknown_at_once(
    other: Engine, tmp_path: Path
) -> None:
    message = other.queued()
    with busy_worker(tmp_path, message) as child:
        child.kill()
        child.wait()

    found = workers.take_over(other.runtime)

    row = other.row(message)
    assert found == 1
    assert (row["status"], row["reason"]) == ("unknown", DIED)
    assert row["next_attempt_at"] >= utc_now() + timedelta(seconds=55)
    assert [attempt["outcome"] for attempt in other.attempts(message)] == ["ambiguous"]
    assert count(other.runtime, tables.workers) == 1
    assert len(list((tmp_path / "var" / "run").glob("worker-*.lock"))) == 1
    assert workers.take_over(other.runtime) == 0


def test_what_a_dead_worker_had_heard_is_rung_for_again(engine: Engine) -> None:
    heard = engine.queued()
    engine.doorbell.rings.clear()
    engine.die()
    living = another_worker(engine)

    workers.take_over(engine.runtime)

    assert engine.doorbell.take() == [heard]
    living.die()


def test_rows_of_a_worker_that_nobody_knows_are_taken_over(engine: Engine) -> None:
    message = engine.message()
    engine.put_into(message, "sending", worker_boot_id="gone", claim="token")

    workers.take_over(engine.runtime)

    row = engine.row(message)
    assert (row["status"], row["claim"], row["worker_boot_id"]) == (
        "unknown",
        None,
        None,
    )


def test_a_worker_that_leaves_holds_nothing_and_is_not_missed(engine: Engine) -> None:
    message = engine.message()
    engine.put_into(message, "sending", worker_boot_id=engine.presence.boot_id)

    workers.leave(engine.runtime, engine.presence)

    assert engine.status(message) == "unknown"
    assert rows(engine.runtime, tables.workers) == []
    assert not engine.presence.lock_path.exists()
    assert workers.take_over(engine.runtime) == 0


def test_an_answer_that_comes_after_a_take_over_still_counts(engine: Engine) -> None:
    def taken_over_meanwhile() -> Outcome:
        take_over_from_elsewhere(engine)
        assert engine.status(message) == "unknown"
        return ACCEPTED

    engine.provider.script.append(taken_over_meanwhile)
    message = engine.queued()
    engine.answer_doorbells()
    engine.clock.advance(hours=1)
    engine.work()

    assert engine.status(message) == "sent"
    assert engine.note(message)["provider_message_id"] == "SM1"
    assert len(engine.provider.handed) == 1


@pytest.mark.parametrize("result", Result)
def test_an_answer_that_comes_after_the_next_attempt_changes_nothing(
    engine: Engine, result: Result
) -> None:
    message = engine.queued()
    late = Outcome(result=result, reason="late")

    def sent_by_another_meanwhile() -> Outcome:
        take_over_from_elsewhere(engine)
        other = another_worker(engine, FakeProvider())
        other.provider.look_ups.append(LookupAnswer(lookup=Lookup.NOT_FOUND))
        engine.clock.advance(minutes=1)
        other.run(message)
        engine.clock.advance(seconds=15)  # the quick pause may be 12 s longer
        other.run(message)
        assert engine.status(message) == "sent"
        other.die()
        return late

    engine.provider.script.append(sent_by_another_meanwhile)
    engine.run(message)
    row = engine.row(message)
    first, second = engine.attempts(message)

    assert (row["status"], row["reason"], row["attempts"]) == ("sent", "", 2)
    assert engine.note(message)["provider_message_id"] == "fake-1"
    assert (first["outcome"], first["reason"]) == (result, "late")
    assert second["outcome"] == "accepted"


def make_heartbeats_old(engine: Engine) -> None:
    long_ago = utc_now() - timedelta(days=1)
    with engine.runtime.database.write() as tx:
        tx.execute(sa.update(tables.workers).values(heartbeat_at=long_ago))
