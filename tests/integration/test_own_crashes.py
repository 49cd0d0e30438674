"""Tasks of one's own whose worker dies: there is nobody to ask, so nobody waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.services import workers
from app.services.running import MOST_CRASHES
from app.services.stumbles import clean_up_after, stumble_over
from app.services.taking import take
from app.work import chain
from tests.engine import Engine, another_worker
from tests.own import Shed, open_shed
from tests.own_kinds import obey, pay_out, ran, step


@pytest.fixture(name="shed")
def shed_of_the_house(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path) as shed:
        yield shed


def die_at_work(worker: Engine) -> None:
    """Take what is due, and die before it has ended; the next worker finds out."""
    assert take(worker.courier).work is not None
    worker.die()
    assert workers.take_over(worker.runtime) == 1


def test_it_runs_again_at_once(shed: Shed) -> None:
    task_id = obey.enqueue("done")
    die_at_work(shed.engine)
    assert shed.status(task_id) == "unknown"
    assert shed.row(task_id)["reason"] == "The worker stopped while it ran."

    another_worker(shed.engine).run("a bell")

    assert shed.status(task_id) == "sent"
    first, second = shed.engine.attempts(task_id)
    assert first["reason"] == "The worker stopped while it ran."
    assert second["outcome"] == "accepted"


def test_what_comes_after_it_does_not_stand_still(shed: Shed) -> None:
    chain(step.wish("first"), step.wish("second"))
    die_at_work(shed.engine)

    another_worker(shed.engine).run("a bell")

    assert ran == ["first", "second"]


def test_a_bell_is_rung_for_it_as_its_worker_is_found_dead(shed: Shed) -> None:
    task_id = obey.enqueue()
    other = another_worker(shed.engine)
    other.doorbell.available = True

    die_at_work(shed.engine)

    assert other.doorbell.take() == [task_id]


def test_one_that_must_not_run_twice_is_held_at_once_with_true_words(
    shed: Shed,
) -> None:
    task_id = pay_out.enqueue(amount=5)
    die_at_work(shed.engine)

    another_worker(shed.engine).run("a bell")

    assert shed.status(task_id) == "dead"
    assert shed.row(task_id)["reason"] == (
        "The worker stopped while it ran. Look what it did before you retry it."
    )


def test_one_that_kills_each_worker_is_held_after_three(shed: Shed) -> None:
    task_id = obey.enqueue()
    worker = shed.engine
    for _ in range(MOST_CRASHES):
        die_at_work(worker)
        worker = another_worker(worker)

    worker.run("a bell")

    assert shed.status(task_id) == "dead"
    assert shed.row(task_id)["attempts"] == MOST_CRASHES


def test_one_whose_worker_leaves_runs_again_once_that_is_gone(shed: Shed) -> None:
    # Its process ends a moment after this: until then the function may go on.
    task_id = obey.enqueue()
    assert take(shed.engine.courier).work is not None

    workers.leave(shed.runtime, shed.engine.presence)

    due = shed.row(task_id)["next_attempt_at"]
    assert due - shed.clock.now == timedelta(seconds=5)


def test_a_stumble_while_it_ran_is_told_in_true_words(shed: Shed) -> None:
    task_id = obey.enqueue()
    assert take(shed.engine.courier).work is not None

    clean_up_after(shed.engine.courier, stumble_over(task_id, MemoryError()))

    row = shed.row(task_id)
    assert row["reason"] == "Bellhop stumbled (MemoryError) while it ran."
    assert row["next_attempt_at"] - shed.clock.now == timedelta(seconds=60)
