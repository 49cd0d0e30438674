"""Tasks of one's own in real processes: kill -9 and a flushed queue lose nothing.

Nor does a task that no time limit reaches: its worker ends for a better one.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.services.actors_found import load_actors
from app.services.desk import RowDesk
from app.storage.tables import own_tasks, task_groups, tasks
from app.work import connected
from examples.actors.newsletter import plan_issue
from tests.acceptance.deaf_actors.oversleep import oversleep
from tests.box import Box
from tests.broker import about_valkey
from tests.house import count, rows
from tests.part import SOON_S, Part
from tests.waiting import wait_until

if sys.platform == "win32":
    pytest.skip("needs signals and the embedded server", allow_module_level=True)

WORKER = "tests/acceptance/worker_with_examples.py"
WORKER_WITH_DEAF_TASK = "tests/acceptance/worker_with_deaf_task.py"
#: The exit code that has a service manager start the worker anew.
EXIT_BROKEN = 70
#: Readers of the newsletter, 100 to a piece, and how often its worker is killed.
READERS = 20_000
PIECES = READERS // 100
KILLS = 6


@pytest.fixture(name="box")
def box_without_a_worker(started_box: Box) -> Iterator[Box]:
    started_box.mend(but=started_box.worker)
    started_box.worker.kill()
    runtime = replace(started_box.runtime, registry=load_actors("examples.actors"))
    with connected(RowDesk(runtime)):
        yield started_box


def the_worker(box: Box) -> Part:
    return box.part("worker-with-examples", WORKER)


def results(box: Box, kind: str) -> list[Any]:
    query = (
        sa.select(own_tasks.c.result)
        .join(tasks, tasks.c.id == own_tasks.c.task_id)
        .where(tasks.c.kind == kind, tasks.c.status == "sent")
    )
    with box.runtime.database.read() as tx:
        return list(tx.execute(query).scalars())


def issue_goes_out(box: Box, subject: str) -> None:
    """Wait for the end of it, and see that every piece was planned and done once."""
    told = f"{subject}: {PIECES} pieces done, 0 failed"
    wait_until(
        lambda: results(box, "tell_owner") == [told],
        within_s=2 * SOON_S,
        what=f"{told}, and not {results(box, 'tell_owner')}",
    )
    assert count(box.runtime, task_groups) == 1
    assert results(box, "send_letter") == [100] * PIECES


@pytest.fixture(autouse=True)
def nothing_of_earlier_tests(box: Box) -> None:
    with box.runtime.database.write() as tx:
        tx.execute(sa.delete(tasks))
        tx.execute(sa.delete(task_groups))


def test_a_killed_worker_costs_no_piece_of_a_long_list(box: Box) -> None:
    milestones = sorted(random.Random(7).sample(range(1, PIECES), KILLS))
    with the_worker(box) as worker:
        worker.start()
        plan_issue.enqueue("spring", readers=READERS)
        for milestone in milestones:
            wait_until(
                lambda: len(results(box, "send_letter")) >= milestone,  # noqa: B023 - asked before the next one
                within_s=SOON_S,
                what=f"{milestone} pieces",
            )
            worker.kill()
            worker.start()

        issue_goes_out(box, "spring")


@about_valkey
def test_a_flushed_queue_costs_no_task(box: Box) -> None:
    with the_worker(box) as worker:
        plan_issue.enqueue("autumn", readers=READERS)
        box.queue.client().flushall()

        worker.start()

        issue_goes_out(box, "autumn")


def test_a_task_that_no_time_limit_reaches_ends_its_worker_and_is_tried_again(
    box: Box,
) -> None:
    runtime = replace(box.runtime, registry=load_actors("tests.acceptance.deaf_actors"))
    with connected(RowDesk(runtime)):
        task_id = oversleep.enqueue()

    with box.part("worker-with-deaf-task", WORKER_WITH_DEAF_TASK) as worker:
        worker.start()
        code = worker.ends()
        (row,) = rows(box.runtime, tasks, id=task_id)
        worker.start()
        wait_until(
            lambda: results(box, "oversleep") == ["awake"],
            within_s=SOON_S,
            what="the second attempt",
        )

    assert code == EXIT_BROKEN
    assert row["reason"] == "It ran longer than its time limit."
    assert row["resends"] == 0  # it counts as no crash


def test_a_ping_goes_through_the_whole_box(box: Box, tmp_path: Path) -> None:
    with the_worker(box) as worker:
        worker.start()
        worker.wait_for_words("Worker started")

        ran = subprocess.run(
            [sys.executable, "-m", "app", "ping"],
            cwd=tmp_path,
            env=box._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=SOON_S,
        )

    assert ran.stdout.startswith("pong: "), ran.stderr
    assert ran.returncode == 0
