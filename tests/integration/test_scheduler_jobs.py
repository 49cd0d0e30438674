"""The scheduler's table: complete, patient with what was missed, deaf to no error."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from apscheduler.schedulers.background import BackgroundScheduler

import scheduler
from app import config
from app.domain.schedule import SCHEDULE
from app.errors import StorageUnavailableError
from app.runtime import Runtime
from app.services import job_runs, jobs, workers
from app.services.job_runs import JobRun, Work
from app.services.leadership import Leadership
from scheduler import APART, JOBS, LEAD
from tests.engine import Engine
from tests.fakes import FakeDoorbell
from tests.house import CHARLIE, make_booking, make_runtime
from tests.waiting import wait_until


def noted(engine: Engine, name: str = "cleanup") -> sa.RowMapping | None:
    return jobs.all_jobs(engine.runtime).get(name)


def build(runtime: Runtime) -> BackgroundScheduler:
    made, _lead = scheduler.build(runtime, Leadership(runtime))
    return made


def run_of(engine: Engine, name: str, work: Work) -> JobRun:
    """Return a job of a scheduler that leads."""
    leadership = Leadership(engine.runtime)
    assert leadership.seek()
    return JobRun(engine.runtime, name, work=work, leadership=leadership)


def failing(error: Exception) -> Work:
    def job(_runtime: Runtime) -> object:
        raise error

    return job


def test_every_job_is_scheduled_as_often_as_the_policy_says(runtime: Runtime) -> None:
    made = build(runtime)
    made.start(paused=True)

    found = {job.id: job.trigger.interval for job in made.get_jobs()}

    made.shutdown()
    assert found == {**SCHEDULE, LEAD: timedelta(seconds=1)}
    assert set(found) == {*JOBS, LEAD}


def test_the_owner_decides_how_often(tmp_path: Path) -> None:
    policy = '[schedule]\nretry_failed = "1h"\n'
    (tmp_path / "bellhop.toml").write_text(policy, encoding="utf-8")
    with make_runtime(tmp_path) as runtime:
        made = build(runtime)

        (job,) = [j for j in made.get_jobs() if j.id == "retry_failed"]

        assert job.trigger.interval == timedelta(hours=1)


def test_a_cron_line_is_told_in_the_business_s_time_zone(tmp_path: Path) -> None:
    policy = '[schedule]\ncleanup = "0 2 * * *"\n'
    (tmp_path / "bellhop.toml").write_text(policy, encoding="utf-8")
    now = datetime(2027, 1, 18, 9, 0, tzinfo=UTC)
    with make_runtime(tmp_path, BELLHOP_TIMEZONE="Asia/Tokyo") as runtime:
        (job,) = [j for j in build(runtime).get_jobs() if j.id == "cleanup"]

        following = job.trigger.get_next_fire_time(None, now)

        assert following == datetime(2027, 1, 18, 17, 0, tzinfo=UTC)
        # Late, by hours or years: the next one is in the future.
        a_year = now + timedelta(days=365)
        assert job.trigger.get_next_fire_time(following, a_year) == datetime(
            2028, 1, 18, 17, 0, tzinfo=UTC
        )


def test_what_was_missed_is_caught_up_once_however_late(runtime: Runtime) -> None:
    made = build(runtime)
    made.start(paused=True)

    options = {
        (job.coalesce, job.max_instances, job.misfire_grace_time)
        for job in made.get_jobs()
    }

    made.shutdown()
    assert options == {(True, 1, None)}


def test_a_long_job_never_delays_what_must_be_prompt(runtime: Runtime) -> None:
    executors = {job.id: job.executor for job in build(runtime).get_jobs()}

    assert {name: executors[name] for name in APART} == {name: name for name in APART}
    assert {executors[name] for name in JOBS if name not in APART} == {"default"}
    assert executors[LEAD] in APART


def test_a_running_scheduler_runs_every_job_and_releases_what_is_due(
    tmp_path: Path,
) -> None:
    doorbell = FakeDoorbell()
    with make_runtime(tmp_path, doorbell=doorbell) as runtime:
        doorbell.available = False
        make_booking(runtime, customer=CHARLIE, confirmed=True)
        doorbell.available = True
        presence = workers.register(runtime, name="main")  # who is to hear it
        running = build(runtime)

        running.start()

        wait_until(
            lambda: jobs.all_jobs(runtime).keys() == JOBS.keys() and doorbell.rings,
            within_s=20,
            what="every job has run",
        )
        running.shutdown()
        presence.lock.close()
        assert {row["error"] for row in jobs.all_jobs(runtime).values()} == {""}


def test_a_stop_in_the_middle_of_a_second_waits_for_it_and_ends(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, stopping = threading.Event(), threading.Event()
    first_runs = jobs.first_runs

    def slowly(*told: Any, **more: Any) -> Any:
        begun.set()
        stopping.wait(5)
        return first_runs(*told, **more)

    monkeypatch.setattr(jobs, "first_runs", slowly)
    made, lead = scheduler.build(runtime, Leadership(runtime))

    def stop() -> None:
        stopping.set()
        lead.close()
        made.shutdown()

    made.start()
    assert begun.wait(5)
    stopper = threading.Thread(target=stop, daemon=True)
    stopper.start()

    stopper.join(10)
    assert not stopper.is_alive()


def test_a_job_that_went_well_is_noted(engine: Engine) -> None:
    run_of(engine, "cleanup", lambda _runtime: 3)()

    job = noted(engine)
    assert job is not None
    assert job["succeeded_at"] == engine.clock.now


def test_a_job_that_fails_is_noted_and_raises_nothing(engine: Engine) -> None:
    error = StorageUnavailableError("The disk is full.")

    run_of(engine, "cleanup", failing(error))()

    job = noted(engine)
    assert job is not None
    assert (job["error"], job["succeeded_at"]) == ("The disk is full.", None)


def test_what_an_unforeseen_error_says_is_noted_nowhere(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    error = RuntimeError("cannot remind +14155550100")

    run_of(engine, "reminders", failing(error))()

    job = noted(engine, "reminders")
    assert job is not None
    assert job["error"] == "RuntimeError"
    (line,) = [r for r in caplog.records if r.message == "Job failed"]
    assert line.levelno == logging.ERROR
    assert line.__dict__["facts"] == {"job": "reminders", "cause": "RuntimeError"}


def test_success_is_noted_now_and_then_and_failure_always(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady = [0.0]
    outcomes: list[Exception | None] = []

    def job(_runtime: Runtime) -> object:
        if outcomes and (error := outcomes.pop(0)):
            raise error
        return None

    release = run_of(engine, "release", job)
    monkeypatch.setattr(job_runs.time, "monotonic", lambda: steady[0])
    notes = []
    for seconds, error in [
        (10.0, None),
        (11.0, None),  # a second later: not noted
        (12.0, StorageUnavailableError("away")),
        (13.0, StorageUnavailableError("still away")),
        (13.9, None),  # not noted yet
        (14.0, None),
    ]:
        steady[0] = seconds
        outcomes[:] = [error]
        engine.clock.advance(seconds=1)
        release()
        row = noted(engine, "release")
        assert row is not None
        notes.append((row["started_at"] == engine.clock.now, row["error"]))

    assert notes == [
        (True, ""),
        (False, ""),
        (True, "away"),
        (True, "still away"),
        (False, "still away"),
        (True, ""),
    ]


@pytest.mark.parametrize(
    "trouble", [StorageUnavailableError("The disk is full."), RuntimeError("a bug")]
)
@pytest.mark.parametrize("job", [lambda _runtime: None, failing(ValueError("odd"))])
def test_a_job_that_cannot_be_noted_raises_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, trouble: Exception, job: Any
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise trouble

    monkeypatch.setattr(jobs, "_save", fail)

    run_of(engine, "cleanup", job)()

    assert noted(engine) is None


@pytest.fixture
def empty_box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which the scheduler is started for the first time."""
    for name in config.names():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield tmp_path
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_bad_configuration_is_told_in_full_and_is_not_to_be_tried_again(
    empty_box: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (empty_box / ".env").write_text("BELLHOP_PORT=eight\nBELLHOP_TYPO=1\n")

    code = scheduler.main([])

    said = capsys.readouterr().err
    assert code == 78
    assert "BELLHOP_PORT: " in said
    assert "BELLHOP_TYPO: " in said


def test_a_bad_policy_is_told_too(
    empty_box: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (empty_box / "bellhop.toml").write_text("[queues.fax]\npriority = 1\n")

    code = scheduler.main([])

    assert code == 78
    assert "queues.fax: there is none of that name" in capsys.readouterr().err


def test_a_database_that_was_never_made_is_one_clear_sentence(
    empty_box: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = scheduler.main([])

    (said,) = capsys.readouterr().err.splitlines()
    assert code == 1
    assert "bellhop.py migrate" in said
