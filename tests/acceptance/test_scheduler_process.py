"""The scheduler's process: never two, ended in order, and never alive but idle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from app.runtime import Runtime
from app.services import jobs
from tests.house import make_runtime
from tests.postgres import about_sqlite, database_env
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 30

#: The real scheduler with one thing wrong: what is put before it.
SICK = """
import sys, threading
import scheduler
{ailment}
sys.exit(scheduler.main([]))
"""
#: A job that never ends, and patience for a moment only.
HANGING = """
scheduler.MOST_OVERRUNS = 2
scheduler.JOBS["release"] = lambda runtime: threading.Event().wait()
"""
#: The thread that starts the jobs dies of an error beyond every net.
DEAD = """
from apscheduler.schedulers.base import BaseScheduler
threading.excepthook = lambda _: None
scheduler.SILENT_AFTER_S = -1.0
def die(_self):
    raise SystemExit
BaseScheduler._process_jobs = die
"""


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with make_runtime(tmp_path) as house:
        yield house


@contextmanager
def running(folder: Path, *command: str) -> Iterator[subprocess.Popen[str]]:
    environment = {
        **os.environ,
        "BELLHOP_DATA_DIR": str(folder / "var"),
        **database_env(folder / "var"),
        "PYTHONPATH": str(ROOT),
    }
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def scheduler_in(folder: Path) -> AbstractContextManager[subprocess.Popen[str]]:
    return running(folder, str(ROOT / "scheduler.py"))


def last_beat(runtime: Runtime) -> datetime:
    beat: datetime = jobs.all_jobs(runtime)["heartbeat"]["started_at"]
    return beat


def wait_until_it_works(runtime: Runtime) -> None:
    wait_until(
        lambda: "heartbeat" in jobs.all_jobs(runtime),
        within_s=WITHIN_S,
        what="the scheduler beats",
    )


@about_sqlite
def test_a_second_one_says_so_and_stops_until_the_first_is_gone(
    runtime: Runtime, tmp_path: Path
) -> None:
    with scheduler_in(tmp_path) as first:
        wait_until_it_works(runtime)
        with scheduler_in(tmp_path) as second:
            _, said = second.communicate(timeout=WITHIN_S)
        assert second.returncode == 75
        assert said.splitlines()[-1] == (
            "The scheduler cannot start: another scheduler is running on the same "
            "data. Two would do everything twice; stop the other one first."
        )
        assert first.poll() is None
        first.kill()
        first.wait()
    before = last_beat(runtime)

    with scheduler_in(tmp_path) as third:
        wait_until(
            lambda: last_beat(runtime) > before, within_s=WITHIN_S, what="it beats"
        )
        third.send_signal(signal.SIGTERM)
        _, said = third.communicate(timeout=WITHIN_S)

    assert third.returncode == 0
    assert "Scheduler stopped" in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("ailment", "why"),
    [
        (HANGING, "the job release hangs"),
        (DEAD, "no job has run for a minute"),
    ],
    ids=["hanging", "dead"],
)
def test_one_that_is_of_no_use_any_more_ends_to_be_started_anew(
    runtime: Runtime, tmp_path: Path, ailment: str, why: str
) -> None:
    with running(tmp_path, "-c", SICK.format(ailment=ailment)) as child:
        _, said = child.communicate(timeout=WITHIN_S)

    assert child.returncode == 70
    assert why in said
