"""Tasks that come after others: when they go, when they wait, when they never will."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.ids import new_id
from app.domain.tasks import Status
from app.errors import ConflictError, InvalidError
from app.services import cleanup, own_tasks
from app.storage.tables import tasks
from app.work import chain, group
from tests.own import Shed, open_shed
from tests.own_kinds import busy, fatal, ran, step, sum_up


@pytest.fixture(name="shed")
def shed_of_the_house(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path) as shed:
        yield shed


def cancel(shed: Shed, task_id: str) -> None:
    with shed.runtime.database.write() as tx:
        own_tasks.cancel(tx, shed.runtime, task_id, now=shed.clock.now)


def retry(shed: Shed, task_id: str) -> None:
    with shed.runtime.database.write() as tx:
        own_tasks.retry(tx, shed.runtime, task_id, now=shed.clock.now)


def test_a_chain_runs_in_order(shed: Shed) -> None:
    ids = chain(step.wish("a"), step.wish("b"), step.wish("c"))

    shed.work()

    assert ran == ["a", "b", "c"]
    assert shed.statuses(ids) == ["sent"] * 3


def test_what_waits_is_due_only_when_all_before_it_are_done(shed: Shed) -> None:
    a, b = step.enqueue("a"), step.enqueue("b")
    c = step.with_options(after=[a, b]).enqueue("c")

    shed.do(a)

    assert shed.row(c)["next_attempt_at"] is None
    assert shed.row(c)["reason"] == "Waits for the tasks that come before it."
    shed.do(b)
    assert shed.row(c)["next_attempt_at"] == shed.clock.now
    assert shed.row(c)["reason"] == ""


def test_what_comes_after_a_task_that_is_done_goes_at_once(shed: Shed) -> None:
    a = step.enqueue("a")
    shed.work()

    b = step.with_options(after=[a]).enqueue("b")

    assert shed.row(b)["next_attempt_at"] == shed.clock.now


def test_what_waits_keeps_its_own_time_too(shed: Shed) -> None:
    at = shed.clock.now.replace(hour=20)
    a = step.enqueue("a")
    b = step.with_options(after=[a], send_at=at).enqueue("b")

    shed.work()

    assert shed.row(b)["next_attempt_at"] == at


def test_a_retry_keeps_the_next_one_waiting(shed: Shed) -> None:
    busy.add("a")
    _, b = chain(step.wish("a"), step.wish("b"))

    shed.work()

    assert ran == ["a"]
    busy.clear()
    shed.clock.advance(minutes=2)
    shed.work()
    assert shed.status(b) == "sent"


def test_behind_a_dead_task_the_next_one_waits_for_a_person(shed: Shed) -> None:
    fatal.add("a")
    a, b = chain(step.wish("a"), step.wish("b"))

    shed.work()

    assert shed.statuses([a, b]) == ["dead", "pending"]
    assert "step, which is dead" in shed.row(b)["reason"]


def test_a_dead_task_that_a_person_retries_frees_the_next_one(shed: Shed) -> None:
    fatal.add("a")
    a, b = chain(step.wish("a"), step.wish("b"))
    shed.work()
    fatal.clear()

    retry(shed, a)

    assert shed.row(b)["reason"] == "Waits for the tasks that come before it."
    shed.work()
    assert shed.statuses([a, b]) == ["sent", "sent"]


def test_cancelling_a_task_calls_off_all_that_was_to_follow(shed: Shed) -> None:
    ids = chain(step.wish("a"), step.wish("b"), step.wish("c"))

    cancel(shed, ids[0])

    assert shed.statuses(ids) == ["cancelled"] * 3
    assert shed.row(ids[1])["reason"] == "It was to follow step, which was cancelled."
    assert shed.work() == 0


@pytest.mark.parametrize("status", ["sending", "unknown", "sent", "dead", "expired"])
def test_it_may_be_too_late_to_cancel(shed: Shed, status: str) -> None:
    task_id = step.enqueue("a")
    shed.end(task_id, Status(status))

    with pytest.raises(ConflictError, match="Too late"):
        cancel(shed, task_id)


@pytest.mark.parametrize("status", ["pending", "sending", "sent", "cancelled"])
def test_only_what_failed_is_retried(shed: Shed, status: str) -> None:
    task_id = step.enqueue("a")
    shed.end(task_id, Status(status))

    with pytest.raises(ConflictError, match="Only failed and dead"):
        retry(shed, task_id)


def test_nothing_that_comes_too_late_is_retried(shed: Shed) -> None:
    task_id = step.enqueue("a")
    shed.end(task_id, Status.DEAD)
    shed.clock.advance(days=7)

    with pytest.raises(ConflictError, match="too late to be useful"):
        retry(shed, task_id)


def test_what_expired_where_nobody_looked_calls_off_what_follows(shed: Shed) -> None:
    a, b = chain(step.wish("a"), step.wish("b"))
    shed.expire(a)

    assert shed.tie_loose_ends() == 1

    assert shed.row(b)["reason"] == "It was to follow step, which was expired."
    assert shed.tie_loose_ends() == 0


def test_what_waited_for_a_task_that_was_cleaned_up_is_called_off(shed: Shed) -> None:
    a, b = chain(step.wish("a"), step.wish("b"))
    with shed.runtime.database.write() as tx:
        tx.execute(tasks.delete().where(tasks.c.id == a))

    shed.tie_loose_ends()

    assert shed.status(b) == "cancelled"
    assert "gone" in shed.row(b)["reason"]


def test_loose_ends_leave_alone_what_rightly_waits(shed: Shed) -> None:
    chain(step.wish("a"), step.wish("b"))
    group([step.wish("c")], then=sum_up.wish())

    assert shed.tie_loose_ends() == 0


def test_loose_ends_do_not_come_back_to_what_waits_for_a_person(shed: Shed) -> None:
    fatal.add("a")
    chain(step.wish("a"), step.wish("b"))
    shed.work()

    assert shed.tie_loose_ends() == 0


def test_nothing_waits_for_a_task_that_is_not_there(shed: Shed) -> None:
    with pytest.raises(InvalidError, match="there is no task"):
        step.with_options(after=[new_id()]).enqueue("a")


def test_tasks_do_not_wait_in_a_circle(shed: Shed) -> None:
    a, b = step.wish("a"), step.wish("b")

    with pytest.raises(InvalidError, match="circle"):
        group([a.after(b.id), b.after(a.id)])

    assert shed.all(step) == []


def test_a_chain_with_the_same_key_is_the_one_that_is_there(shed: Shed) -> None:
    def plan() -> list[str]:
        return chain(step.wish("a"), step.wish("b"), dedupe_key="x")

    first = plan()
    shed.work()

    assert plan() == first
    assert shed.work() == 0


def test_a_dead_task_that_others_wait_for_is_not_cleaned_up(shed: Shed) -> None:
    fatal.add("a")
    a, b = step.enqueue("a"), step.enqueue("b")
    later = shed.clock.now + timedelta(days=30)
    c = step.with_options(after=[a, b], useful_until=later).enqueue("c")
    shed.work()
    shed.clock.advance(days=8)

    cleanup.clean_up(shed.runtime)
    shed.tie_loose_ends()

    assert shed.status(a) == "dead"
    assert shed.statuses([c]) == ["pending"]
    assert shed.row(c)["next_attempt_at"] is None
