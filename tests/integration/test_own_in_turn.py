"""Tasks that end while their worker has its turn to choose: nobody waits in a circle.

On PostgreSQL one who has his turn holds what all others wait for; so he waits for no
row that they hold, and leaves it to a job.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.domain.tasks import Status
from app.services import running
from app.services.taking import take
from app.storage import own_tasks, task_groups
from app.work import group
from tests.own import Shed, open_shed
from tests.own_kinds import pay_out, step, sum_up
from tests.postgres import about_postgresql

pytestmark = about_postgresql


@pytest.fixture(name="shed")
def shed_of_the_house(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path) as shed:
        yield shed


def take_meanwhile(shed: Shed, held: sa.Connection) -> None:
    """Let the worker take what is due while another transaction is open."""
    taker = threading.Thread(target=lambda: take(shed.engine.courier))
    taker.start()
    taker.join(3)
    is_waiting = taker.is_alive()
    held.rollback()
    taker.join(10)
    assert not is_waiting


def test_a_task_that_is_refused_waits_for_none_that_follow_it(shed: Shed) -> None:
    soon = shed.clock.now + timedelta(seconds=5)
    late = step.with_options(useful_until=soon).enqueue("late")
    follower = step.with_options(after=[late]).enqueue("follower")
    shed.clock.advance(seconds=10)

    with shed.runtime.database.write() as tx:
        own_tasks.lock_waiting(tx, [follower])
        take_meanwhile(shed, tx)

    assert shed.statuses([late, follower]) == ["expired", "pending"]
    shed.tie_loose_ends()
    assert shed.status(follower) == "cancelled"


@pytest.mark.parametrize("held", ["group", "then"])
def test_a_task_that_is_refused_waits_neither_for_its_group_nor_what_follows_that(
    shed: Shed, held: str
) -> None:
    soon = shed.clock.now + timedelta(seconds=5)
    late = step.with_options(useful_until=soon).wish("late")
    group_id = group([late], then=sum_up.wish())
    (then,) = shed.all(sum_up)
    shed.clock.advance(seconds=10)

    with shed.runtime.database.write() as tx:
        if held == "group":
            task_groups.lock_open(tx, group_id)
        else:
            own_tasks.lock_waiting(tx, [then["id"]])
        take_meanwhile(shed, tx)

    assert shed.group(group_id)["finished_at"] is None
    shed.tie_loose_ends()
    assert shed.group(group_id)["finished_at"] == shed.clock.now
    assert shed.row(then["id"])["next_attempt_at"] == shed.clock.now


def test_a_task_that_is_held_after_a_crash_waits_for_none_that_follow_it(
    shed: Shed,
) -> None:
    crashed = pay_out.enqueue(amount=5)
    follower = step.with_options(after=[crashed]).enqueue("follower")
    shed.engine.put_into(crashed, Status.UNKNOWN)

    with shed.runtime.database.write() as tx:
        own_tasks.lock_waiting(tx, [follower])
        take_meanwhile(shed, tx)

    assert shed.statuses([crashed, follower]) == ["dead", "pending"]


def test_one_that_ends_and_one_that_is_refused_meanwhile_wait_not_in_a_circle(
    shed: Shed,
) -> None:
    done = step.with_options(priority=1).enqueue("done")
    soon = shed.clock.now + timedelta(seconds=5)
    late = step.with_options(useful_until=soon).enqueue("late")
    both = step.with_options(after=[late, done]).enqueue("both")
    shed.engine.put_into(done, Status.SENT)
    shed.clock.advance(seconds=10)

    with shed.runtime.database.write() as tx:
        running.finish(tx, shed.runtime, done, now=shed.clock.now)
        take_meanwhile(shed, tx)

    assert shed.statuses([late, both]) == ["expired", "pending"]
