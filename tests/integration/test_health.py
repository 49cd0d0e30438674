"""Whether the box is ready: each part by itself, in a sentence that one can use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.errors import StorageUnavailableError
from app.services import health, jobs, workers
from app.services.health import checks
from app.services.jobs import HEARTBEAT
from app.storage import recovering
from tests.engine import Engine, open_engine


def wrong(engine: Engine) -> dict[str, str]:
    """Return what is wrong, by part."""
    return {c.name: c.detail for c in checks(engine.runtime) if not c.ok}


@pytest.fixture(autouse=True)
def scheduler(engine: Engine) -> None:
    """A scheduler that has just beaten."""
    jobs.note_success(engine.runtime, HEARTBEAT, started_at=engine.clock.now)


def test_a_box_with_all_its_parts_is_well(engine: Engine) -> None:
    assert [check.name for check in checks(engine.runtime)] == [
        "database",
        "queue",
        "worker",
        "scheduler",
    ]
    assert wrong(engine) == {}


def test_a_queue_that_is_away_is_named_and_hides_nothing(engine: Engine) -> None:
    engine.doorbell.fails = True
    workers.leave(engine.runtime, engine.presence)

    assert set(wrong(engine)) == {"queue", "worker"}
    assert wrong(engine)["queue"] == "The test's queue is away."


def test_a_worker_that_is_silent_for_half_a_minute_is_missed(engine: Engine) -> None:
    engine.clock.advance(seconds=29)
    assert wrong(engine) == {}

    engine.clock.advance(seconds=1)
    jobs.note_success(engine.runtime, HEARTBEAT, started_at=engine.clock.now)

    assert wrong(engine) == {
        "worker": "No worker is running: messages wait. Start `python worker.py`."
    }


def test_a_scheduler_that_is_silent_for_half_a_minute_is_missed(
    engine: Engine,
) -> None:
    engine.clock.advance(seconds=30)
    workers.beat(engine.runtime, engine.presence)

    assert list(wrong(engine)) == ["scheduler"]
    assert "python scheduler.py" in wrong(engine)["scheduler"]


def test_every_worker_that_a_policy_names_must_be_there(tmp_path: Path) -> None:
    policy = '[queues.email]\nworker = "media"\n'
    folder = tmp_path / "another box"
    folder.mkdir()
    (folder / "bellhop.toml").write_text(policy, encoding="utf-8")
    with open_engine(folder) as engine:
        jobs.note_success(engine.runtime, HEARTBEAT, started_at=engine.clock.now)

        assert wrong(engine) == {
            "worker": "The worker media is not running: messages wait. "
            "Start `python worker.py --name media`."
        }
        media = workers.register(engine.runtime, name="media")
        assert wrong(engine) == {}
        media.lock.close()


def test_a_broken_database_is_named_and_the_queue_looked_at_all_the_same(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StorageUnavailableError("The test's disk is full.")

    monkeypatch.setattr(health, "_database", fail)
    monkeypatch.setattr(recovering, "all_workers", fail)

    assert set(wrong(engine)) == {"database", "worker"}
    assert wrong(engine)["database"] == "The test's disk is full."


def test_a_job_tells_when_it_ran_and_how_it_ended(engine: Engine) -> None:
    first = engine.clock.now
    jobs.note_success(engine.runtime, "cleanup", started_at=first)
    second = engine.clock.advance(hours=1)
    jobs.note_failure(
        engine.runtime, "cleanup", started_at=second, error="The disk is full."
    )

    job = jobs.all_jobs(engine.runtime)["cleanup"]
    assert (job["started_at"], job["succeeded_at"]) == (second, first)
    assert job["error"] == "The disk is full."

    jobs.note_success(engine.runtime, "cleanup", started_at=second)
    assert jobs.all_jobs(engine.runtime)["cleanup"]["error"] == ""


def test_a_job_that_never_succeeded_says_so(engine: Engine) -> None:
    jobs.note_failure(
        engine.runtime, "relay", started_at=engine.clock.now, error="The queue is away."
    )

    assert jobs.all_jobs(engine.runtime)["relay"]["succeeded_at"] is None


def test_a_table_that_is_not_there_is_no_silent_success(engine: Engine) -> None:
    with engine.runtime.database.write() as tx:
        tx.execute(sa.text("DROP TABLE jobs"))

    assert re.search("no such table|does not exist", wrong(engine)["scheduler"])
