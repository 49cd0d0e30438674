"""A worker on a box without a queue server: it finds its work in the database."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.runtime import Runtime
from app.storage.tables import attempts, tasks
from tests.house import BOB, CHARLIE, change_row, make_booking, make_runtime, rows
from tests.part import SOON_S, Part
from tests.postgres import database_env
from tests.waiting import wait_until

#: Who is reached in one way only, as Charlie is.
BOB_BY_MAIL = replace(BOB, phone=None)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with make_runtime(tmp_path) as house:
        yield house


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Part]:
    environment = {
        "BELLHOP_DATA_DIR": str(tmp_path / "var"),
        **database_env(tmp_path / "var"),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, str(ROOT / "worker.py")]
    with Part("worker", command, environment=environment, directory=tmp_path) as part:
        yield part


def wait_until_sent(runtime: Runtime) -> None:
    wait_until(
        lambda: {row["status"] for row in rows(runtime, tasks)} == {"sent"},
        within_s=SOON_S,
        what="the message is sent",
    )


def test_what_is_planned_is_found_and_sent(runtime: Runtime, worker: Part) -> None:
    worker.start()

    make_booking(runtime, customer=CHARLIE, confirmed=True)

    wait_until_sent(runtime)


def test_what_a_worker_heard_before_it_left_is_done_by_the_next(
    runtime: Runtime, worker: Part
) -> None:
    # Its doorbells were in its memory; it said goodbye, so that nobody is found dead.
    for customer in (CHARLIE, BOB_BY_MAIL):
        make_booking(runtime, customer=customer, confirmed=True)
    queued, unknown = [row["id"] for row in rows(runtime, tasks)]
    a_minute_ago = utc_now() - timedelta(minutes=1)
    heard = {"rung_at": a_minute_ago, "next_attempt_at": a_minute_ago}
    tried = {"attempts": 1, "quick_tries": 1}
    change_row(runtime, tasks, queued, status="queued", **heard)
    change_row(runtime, tasks, unknown, status="unknown", **tried, **heard)
    an_attempt(runtime, unknown)

    worker.start()

    wait_until_sent(runtime)


def an_attempt(runtime: Runtime, message: str) -> None:
    """Let the message have been handed to preview, and nobody know how it ended."""
    attempt = {
        "task_id": message,
        "number": 1,
        "provider": "preview",
        "text": "Hello",
        "started_at": utc_now() - timedelta(minutes=2),
    }
    with runtime.database.write() as tx:
        tx.execute(sa.insert(attempts), [attempt])
