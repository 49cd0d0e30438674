"""Tasks of one's own that no time limit reaches: their worker gives them up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from app.broker import TimeLimits
from app.domain.outcomes import Outcome, Result
from app.errors import StorageUnavailableError
from app.services import giving_up, workers
from app.storage import delivering
from app.work import TaskKind, task
from tests.engine import another_worker
from tests.own import Shed, open_shed
from tests.own_kinds import step
from tests.untraced import untraced
from tests.waiting import wait_until

LIMIT_S = 0.1
WITHIN_S = 15
TOO_LONG = "It ran longer than its time limit."

#: Set as a test ends: what still runs is to end, too.
over = threading.Event()


@task(soft_time_limit="0.05s", time_limit="0.1s")
def deaf() -> str:
    """Wait in the operating system, where no exception comes."""
    over.wait(60)
    return "heard nothing"


@task(soft_time_limit="0.05s", time_limit="0.1s", idempotent=False)
def deaf_till() -> None:
    """Be as deaf, and not to be repeated after a crash."""
    over.wait(60)


@task(soft_time_limit="0.05s", time_limit="0.1s")
def shameless() -> None:
    """Swallow whatever would break it off."""
    while not over.is_set():
        with suppress(BaseException):
            be_busy()


@untraced()
def be_busy() -> None:
    while not over.is_set():
        pass


@task(soft_time_limit="0.05s", time_limit="60s")
def patient() -> None:
    """Go on beyond the soft limit alone."""
    with suppress(Exception):
        over.wait(60)


@pytest.fixture(name="shed")
def shed_with_a_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shed]:
    monkeypatch.setattr(giving_up, "GIVEN_UP_AFTER_S", LIMIT_S)
    over.clear()
    kinds = (deaf, deaf_till, shameless, patient, step)
    with open_shed(tmp_path, kinds) as shed:
        shed.engine.run.limits = TimeLimits(look_every_s=0.02)
        shed.engine.run.limits.start()
        yield shed
        shed.engine.run.limits.stop()


@contextmanager
def at_work(shed: Shed) -> Iterator[threading.Thread]:
    """Let the worker work in a thread of its own; in the end let that end, too."""
    thread = threading.Thread(target=shed.work)
    thread.start()
    try:
        with untraced():
            yield thread
    finally:
        over.set()
        with suppress(RuntimeError):  # where it was given up, it waits for ever
            shed.engine.run._own._lock.release()
        thread.join(WITHIN_S)


def is_away(*_anything: object, **_named: object) -> bool:
    raise StorageUnavailableError("The disk is full.")


def wait_for_giving_up(shed: Shed) -> None:
    wait_until(shed.engine.run.gives_up, within_s=WITHIN_S, what="giving up")


@pytest.mark.parametrize("kind", [deaf, shameless], ids=lambda one: one.name)
def test_it_is_recorded_as_any_that_ran_too_long(
    shed: Shed, kind: TaskKind[[], object]
) -> None:
    task_id = kind.enqueue()

    with at_work(shed):
        wait_for_giving_up(shed)

        row = shed.row(task_id)
        (attempt,) = shed.engine.attempts(task_id)
        assert (row["status"], row["reason"]) == ("retrying", TOO_LONG)
        assert (attempt["outcome"], attempt["reason"]) == ("transient", TOO_LONG)
        # Whoever takes over from this worker finds nothing in its hands.
        assert (row["claim"], row["worker_boot_id"]) == (None, None)


def test_one_that_must_not_run_twice_is_held_for_a_person(shed: Shed) -> None:
    task_id = deaf_till.enqueue()

    with at_work(shed):
        wait_for_giving_up(shed)

        row = shed.row(task_id)
        assert (row["status"], row["next_attempt_at"]) == ("dead", None)
        assert row["reason"] == f"{TOO_LONG} Look what it did before you retry it."
        assert (row["claim"], row["worker_boot_id"]) == (None, None)


def test_one_that_must_not_run_twice_is_held_where_nothing_can_be_written(
    shed: Shed, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = deaf_till.enqueue()
    with at_work(shed):
        with monkeypatch.context() as patch:
            patch.setattr(delivering, "settle", is_away)
            wait_for_giving_up(shed)
        shed.engine.die()
        other = another_worker(shed.engine)
        workers.take_over(shed.runtime)

        other.run("a bell")

        assert shed.status(task_id) == "dead"


def test_its_thread_takes_nothing_more_should_it_end_after_all(shed: Shed) -> None:
    deaf.enqueue()
    next_one = step.enqueue("next")

    with at_work(shed) as thread:
        wait_for_giving_up(shed)
        over.set()
        thread.join(0.3)

        assert thread.is_alive()
        assert shed.status(next_one) == "pending"


def test_one_that_has_time_left_is_not_given_up(shed: Shed) -> None:
    task_id = patient.enqueue()

    with at_work(shed):
        until = time.monotonic() + 5 * LIMIT_S
        wait_until(lambda: time.monotonic() > until, within_s=WITHIN_S, what="a while")

        assert not shed.engine.run.gives_up()
        assert shed.status(task_id) == "sending"


def test_a_message_is_given_the_time_it_always_had(
    shed: Shed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hangs() -> Outcome:
        over.wait(60)
        return Outcome(result=Result.ACCEPTED)

    shed.engine.provider.script.append(hangs)
    message = shed.engine.message()

    with at_work(shed):
        wait_until(lambda: shed.engine.provider.handed, within_s=WITHIN_S, what="it")
        monkeypatch.setattr(TimeLimits, "overrun_s", 60.0)

        assert not shed.engine.run.gives_up()

    assert shed.engine.status(message) == "sent"


def test_what_cannot_be_written_is_taken_over(
    shed: Shed, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = deaf.enqueue()
    with at_work(shed):
        with monkeypatch.context() as patch:
            patch.setattr(delivering, "settle", is_away)
            wait_for_giving_up(shed)
        assert shed.status(task_id) == "sending"

        shed.engine.die()
        other = another_worker(shed.engine)
        workers.take_over(shed.runtime)

        assert shed.status(task_id) == "unknown"
        over.set()
        other.run("a bell")
        assert shed.row(task_id)["result"] == "heard nothing"
