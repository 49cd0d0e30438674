"""Tasks that belong together: what follows them, long lists, and all that ends them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.domain.ids import new_id
from app.errors import InvalidError
from app.services import cleanup, own_tasks
from app.storage.tables import task_groups
from app.work import chunks, group
from tests.engine import another_worker
from tests.house import rows
from tests.own import Shed, open_shed
from tests.own_kinds import add, busy, fatal, ran, step, sum_up


@pytest.fixture(name="shed")
def shed_of_the_house(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path) as shed:
        yield shed


def cancel(shed: Shed, task_id: str) -> None:
    with shed.runtime.database.write() as tx:
        own_tasks.cancel(tx, shed.runtime, task_id, now=shed.clock.now)


def test_a_group_is_followed_by_one_that_knows_how_it_ended(shed: Shed) -> None:
    fatal.add("b")
    wishes = [step.wish(name) for name in "abc"]

    group_id = group(
        wishes,
        then=sum_up.wish(greeting="hello"),
        name="letters",
    )
    shed.work()

    (follower,) = shed.all(sum_up)
    assert shed.row(follower["id"])["result"] == [group_id, 2, 1, "hello"]
    assert shed.group(group_id)["name"] == "letters"
    assert shed.group(group_id)["finished_at"] == shed.clock.now


def test_what_follows_a_group_waits_for_the_last_of_it(shed: Shed) -> None:
    busy.add("b")
    group([step.wish("a"), step.wish("b")], then=sum_up.wish())

    shed.work()

    (follower,) = shed.all(sum_up)
    assert follower["status"] == "pending"
    assert follower["reason"] == "Waits for the tasks of its group."


def test_a_cancelled_member_has_ended_too(shed: Shed) -> None:
    group_id = group([step.wish("a"), step.wish("b")])
    first, second = shed.members(group_id)
    shed.do(first)

    cancel(shed, second)

    assert shed.group(group_id)["finished_at"] == shed.clock.now


def test_a_group_whose_last_task_expired_is_closed_all_the_same(shed: Shed) -> None:
    group_id = group([step.wish("a")], then=sum_up.wish())
    (only,) = shed.members(group_id)
    shed.expire(only)

    assert shed.tie_loose_ends() == 1

    shed.work()
    (follower,) = shed.all(sum_up)
    assert shed.row(follower["id"])["result"] == [group_id, 0, 1, ""]


def test_a_group_may_hold_a_chain(shed: Shed) -> None:
    a = step.wish("a")
    group_id = group([step.wish("b").after(a.id), a], then=sum_up.wish())

    shed.work()

    assert ran == ["a", "b"]
    assert shed.row(shed.all(sum_up)[0]["id"])["result"] == [group_id, 2, 0, ""]


def test_one_bad_task_keeps_the_whole_group_from_being_planned(shed: Shed) -> None:
    with pytest.raises(InvalidError) as caught:
        group([step.wish("a"), step.wish(7)], then=add.wish())

    fields = [problem.field for problem in caught.value.problems]
    assert fields == ["tasks.1.args.name", "then.args.numbers"]
    assert shed.all(step) == []


def test_what_follows_a_group_waits_for_nothing_else(shed: Shed) -> None:
    with pytest.raises(InvalidError, match=r"then\.after"):
        group([step.wish("a")], then=add.wish([1]).after(new_id()))


def test_a_long_list_is_done_in_pieces(shed: Shed) -> None:
    group_id = chunks(
        add,
        range(250),
        size=100,
        args={"plus": 1},
        then=sum_up.wish(),
    )

    shed.work()

    results = [shed.row(task_id)["result"] for task_id in shed.members(group_id)]
    assert results == [sum(range(100)) + 1, sum(range(100, 200)) + 1, 11226]
    assert shed.row(shed.all(sum_up)[0]["id"])["result"] == [group_id, 3, 0, ""]


def test_an_empty_list_is_done_at_once(shed: Shed) -> None:
    group_id = chunks(add, [], then=sum_up.wish())

    shed.work()

    assert shed.row(shed.all(sum_up)[0]["id"])["result"] == [group_id, 0, 0, ""]


def test_a_thousand_tasks_are_planned_in_one_go(shed: Shed) -> None:
    group_id = chunks(add, range(1000), size=1)

    assert len(shed.members(group_id)) == 1000
    assert shed.group(group_id)["total"] == 1000


def test_a_member_that_was_planned_before_is_not_planned_again(shed: Shed) -> None:
    earlier = step.with_options(dedupe_key="a").enqueue("a")
    again = step.with_options(dedupe_key="a").wish("a")
    b = step.wish("b").after(again.id)

    group_id = group([again, b])

    assert shed.group(group_id)["total"] == 2
    assert shed.members(group_id) == [earlier, b.id]
    shed.do(earlier)
    assert shed.row(b.id)["next_attempt_at"] == shed.clock.now


def test_a_group_with_the_same_key_is_the_one_that_is_there(shed: Shed) -> None:
    def plan() -> str:
        return group(
            [step.wish("a"), step.wish("b")], then=sum_up.wish(), dedupe_key="x"
        )

    first = plan()
    assert plan() == first

    shed.work()

    assert plan() == first
    assert (ran, len(shed.all(sum_up))) == (["a", "b"], 1)


def test_what_follows_one_group_follows_no_other(shed: Shed) -> None:
    then = sum_up.with_options(dedupe_key="x")
    slow = group([step.wish("a")], then=then.wish())

    group([], then=then.wish())

    (follower,) = shed.all(sum_up)
    assert follower["next_attempt_at"] is None
    shed.work()
    assert shed.row(follower["id"])["result"] == [slow, 1, 0, ""]


def test_an_old_group_is_cleaned_up_with_its_tasks(shed: Shed) -> None:
    old = group([step.wish("a")], then=sum_up.wish())
    shed.work()
    shed.clock.advance(days=8)
    young = group([step.wish("b")])
    shed.work()

    cleanup.clean_up(shed.runtime)

    assert rows(shed.runtime, task_groups, id=old) == []
    assert shed.all(sum_up) == []
    assert len(shed.members(young)) == 1


def test_workers_that_end_a_group_together_close_it_once(shed: Shed) -> None:
    group_id = group([step.wish(str(n)) for n in range(60)], then=sum_up.wish())
    last = step.with_options(after=shed.members(group_id)).enqueue("last")
    engines = [shed.engine, *(another_worker(shed.engine) for _ in range(3))]

    with ThreadPoolExecutor(len(engines)) as pool:
        for _ in range(2):  # what is freed by the last of them is done in a second go
            list(pool.map(lambda engine: engine.run("a bell"), engines))

    for engine in engines[1:]:
        engine.presence.lock.close()
    (follower,) = shed.all(sum_up)
    assert shed.row(follower["id"])["result"] == [group_id, 60, 0, ""]
    assert shed.status(last) == "sent"
    assert len(ran) == 61
