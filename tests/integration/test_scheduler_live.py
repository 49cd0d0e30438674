"""The scheduler as it runs by itself, threads and all; signals alone are left out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

import scheduler
from app.clock import utc_now
from app.runtime import Runtime
from app.services import jobs
from app.services.leadership import Leadership
from tests.house import make_runtime
from tests.waiting import wait_until

WITHIN_S = 10
#: Of a line that is due on one day in four years: it never comes during a test.
LEAP_DAY = '[schedule]\ncleanup = "0 0 29 2 *"\n'


@pytest.fixture
def rare(tmp_path: Path) -> Iterator[Runtime]:
    """A house that cleans up on leap days alone."""
    (tmp_path / "bellhop.toml").write_text(LEAP_DAY, encoding="utf-8")
    with make_runtime(tmp_path) as house:
        yield house


@contextmanager
def running(runtime: Runtime) -> Iterator[None]:
    leadership = Leadership(runtime)
    made, lead = scheduler.build(runtime, leadership)
    made.start()
    try:
        yield
    finally:
        lead.close()
        made.shutdown()
        leadership.give_back()


def last_run(runtime: Runtime, name: str) -> datetime | None:
    row = jobs.all_jobs(runtime).get(name)
    return None if row is None else row["started_at"]


def test_a_line_that_was_missed_is_caught_up_at_once_and_once(rare: Runtime) -> None:
    years_ago = utc_now() - timedelta(days=5 * 365)
    jobs.note_success(rare, "cleanup", started_at=years_ago)
    began = utc_now()

    with running(rare):
        wait_until(
            lambda: (last_run(rare, "cleanup") or years_ago) >= began,
            within_s=WITHIN_S,
            what="it is caught up",
        )
        caught_up_at = last_run(rare, "cleanup")
        beat = last_run(rare, "heartbeat") or began
    with running(rare):
        wait_until(
            lambda: (last_run(rare, "heartbeat") or beat) > beat,
            within_s=WITHIN_S,
            what="another scheduler leads",
        )

    assert last_run(rare, "cleanup") == caught_up_at
    (job,) = [j for j in jobs.schedule(rare).jobs if j.name == "cleanup"]
    assert job.next_run_at is not None
    assert f"{job.next_run_at:%d %m %H:%M}" == "29 02 00:00"


def test_a_line_that_is_not_due_runs_when_it_is_asked_for(rare: Runtime) -> None:
    with running(rare):
        wait_until(
            lambda: last_run(rare, "heartbeat"), within_s=WITHIN_S, what="it leads"
        )
        assert last_run(rare, "cleanup") is None
        with rare.database.write() as tx:
            jobs.request_run(tx, rare, "cleanup")

        wait_until(
            lambda: last_run(rare, "cleanup"), within_s=3, what="cleanup has run"
        )

    assert jobs.requests(rare) == {}


def test_only_a_process_that_was_awake_may_take_itself_for_stuck(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady = [100.0]
    ends: list[str] = []
    monkeypatch.setattr(scheduler, "time", SimpleNamespace(monotonic=lambda: steady[0]))
    monkeypatch.setattr(scheduler.Watch, "_end", lambda _watch, why: ends.append(why))
    made, _lead = scheduler.build(runtime, Leadership(runtime))
    watch = scheduler.Watch(made)

    steady[0] += 3600  # it was stopped for an hour
    watch.look()
    assert ends == []

    for _ in range(63):  # and now nothing comes round for a minute
        steady[0] += 1
        watch.look()

    assert ends == ["no job has run for a minute"]
