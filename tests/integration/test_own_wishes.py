"""A wish becomes a task: where it waits, what is refused, and what a person may do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.gate import Refusal
from app.domain.tasks import Status
from app.errors import Fatal, InvalidError
from app.services import own_tasks, running
from app.services.running import AfterCrash, after_crash
from app.storage.tables import tasks
from tests.house import change_row
from tests.own import Shed, open_shed
from tests.own_kinds import obey, orders, pay_out, raising


@pytest.fixture(name="shed")
def shed_of_the_house(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path) as shed:
        yield shed


def test_a_task_waits_in_its_queue_with_its_urgency(shed: Shed) -> None:
    row = shed.row(obey.enqueue())

    assert row["lane"] == row["queue"] == "default"
    assert row["priority"] == shed.runtime.policy.queues["default"].priority
    assert row["useful_until"] == shed.clock.now + timedelta(days=7)


def test_one_task_may_differ_from_its_kind(shed: Shed) -> None:
    at = shed.clock.now + timedelta(hours=1)
    until = at + timedelta(hours=1)

    row = shed.row(
        obey.with_options(
            queue="low", priority=3, send_at=at, useful_until=until
        ).enqueue()
    )

    assert (row["queue"], row["priority"], row["lane"]) == ("low", 3, "low")
    assert (row["next_attempt_at"], row["useful_until"]) == (at, until)
    assert shed.work() == 0
    shed.clock.advance(hours=1)
    assert shed.work() == 1


def test_the_same_dedupe_key_plans_nothing_new(shed: Shed) -> None:
    ordered = obey.with_options(dedupe_key="a")

    first, second = ordered.enqueue("x"), ordered.enqueue("y")

    assert first == second
    assert shed.work() == 1
    assert shed.row(first)["result"] == "x"


def test_every_mistake_in_a_wish_is_told_at_once(shed: Shed) -> None:
    past = shed.clock.now - timedelta(hours=1)
    ordered = obey.with_options(queue="lo", priority=101, useful_until=past)

    with pytest.raises(InvalidError) as caught:
        ordered.enqueue(7)

    fields = {problem.field for problem in caught.value.problems}
    assert fields == {"queue", "priority", "useful_until", "args.word"}


def test_a_task_may_enqueue_others(shed: Shed) -> None:
    task_id = obey.enqueue()
    orders.append(lambda: obey.enqueue("child"))

    shed.work()

    assert shed.row(shed.row(task_id)["result"])["result"] == "child"


def test_a_kind_that_is_gone_makes_its_task_dead_with_the_reason(shed: Shed) -> None:
    task_id = obey.enqueue()
    change_row(shed.runtime, tasks, task_id, kind="forgotten")

    refused = running.prepare(shed.runtime, shed.row(task_id))

    assert isinstance(refused, Refusal)
    assert refused.status is Status.DEAD
    assert "'forgotten'" in refused.reason


def test_arguments_of_an_older_function_make_a_task_dead(shed: Shed) -> None:
    task_id = obey.enqueue("x")
    change_row(shed.runtime, tasks, task_id, args={"number": 3})

    shed.work()

    assert shed.status(task_id) == "dead"
    assert "args.number" in shed.row(task_id)["reason"]


def test_a_dead_task_is_run_again_by_hand(shed: Shed) -> None:
    task_id = obey.enqueue("again")
    orders.append(raising(Fatal()))
    shed.work()

    with shed.runtime.database.write() as tx:
        own_tasks.retry(tx, shed.runtime, task_id, now=shed.clock.now)
    shed.work()

    assert shed.row(task_id)["result"] == "again"
    assert shed.row(task_id)["reason"] == ""


@pytest.mark.parametrize(
    ("kind", "crashes", "follows"),
    [
        (obey, 1, AfterCrash.RUN_AGAIN),
        (obey, 3, AfterCrash.HOLD),  # it may well be what kills them
        (pay_out, 1, AfterCrash.HOLD),
        (None, 1, AfterCrash.HOLD),
    ],
)
def test_after_a_crash_a_task_runs_again_only_where_that_is_safe(
    kind: Any, crashes: int, follows: AfterCrash
) -> None:
    assert after_crash(kind, crashes=crashes) is follows


def test_a_naive_time_is_refused_where_it_would_be_kept(shed: Shed) -> None:
    naive = datetime(2030, 1, 1)  # noqa: DTZ001 - it is the mistake

    with pytest.raises(InvalidError, match="offset"):
        obey.with_options(send_at=naive).enqueue()


def test_a_queue_of_the_owners_own_is_a_queue(tmp_path: Path) -> None:
    policy = "[queues.media]\nnew = true\npriority = 33\n"
    (tmp_path / "bellhop.toml").write_text(policy, encoding="utf-8")

    with open_shed(tmp_path) as shed:
        row = shed.row(obey.with_options(queue="media").enqueue())

    assert (row["queue"], row["priority"]) == ("media", 33)
