"""A group waits for its tasks that were there before it as well: its guests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.tasks import Status
from app.services import cleanup, own_tasks
from app.services.purging import purge
from app.storage.tables import group_guests, task_groups, tasks
from app.work import Wish, group
from tests.door import Door, open_door
from tests.house import change_row, rows
from tests.own import Shed, open_shed
from tests.own_kinds import fatal, ran, step, sum_up


@pytest.fixture(name="shed")
def shed_of_the_house(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path) as shed:
        yield shed


@pytest.fixture(name="door")
def door_of_the_shed(shed: Shed) -> Door:
    return open_door(shed.runtime)


def once(name: str) -> Wish:
    return step.with_options(dedupe_key=name).wish(name)


def told(shed: Shed, number: int = 0) -> object:
    """Return what the task after a group was told, or None where it has not run."""
    return shed.row(shed.all(sum_up)[number]["id"])["result"]


def test_a_group_waits_for_a_task_that_was_there_before_it(shed: Shed) -> None:
    earlier = shed.plan(once("a"))

    group_id = group([once("a"), step.wish("b")], then=sum_up.wish())

    assert shed.group(group_id)["total"] == 2
    assert earlier in shed.members(group_id)
    shed.do(shed.members(group_id)[-1])
    assert shed.group(group_id)["finished_at"] is None
    shed.do(earlier)
    assert shed.group(group_id)["finished_at"] == shed.clock.now
    shed.work()
    assert told(shed) == [group_id, 2, 0, ""]


def test_what_ended_before_the_group_counts_as_it_ended(shed: Shed) -> None:
    fatal.add("b")
    for name in "ab":
        shed.plan(once(name))
    shed.work()

    group_id = group([once("a"), once("b")], then=sum_up.wish())
    shed.work()

    assert told(shed) == [group_id, 1, 1, ""]
    assert ran == ["a", "b"]


def test_a_task_may_be_waited_for_by_several_groups(shed: Shed) -> None:
    first = group([once("a"), step.wish("b")], then=sum_up.wish())
    second = group([once("a")], then=sum_up.wish())
    third = group([once("a")], then=sum_up.wish())

    shed.work()

    counts = [told(shed, number) for number in range(3)]
    assert counts == [[first, 2, 0, ""], [second, 1, 0, ""], [third, 1, 0, ""]]
    assert shed.row(shed.members(second)[0])["group_id"] == first


def test_the_same_task_twice_in_a_group_is_one_of_its_tasks(shed: Shed) -> None:
    group_id = group([once("a"), once("a")], then=sum_up.wish())

    assert shed.group(group_id)["total"] == 1
    shed.work()
    assert told(shed) == [group_id, 1, 0, ""]


def test_the_end_of_a_guest_by_hand_is_an_end(shed: Shed) -> None:
    earlier = shed.plan(once("a"))
    group_id = group([once("a")])

    with shed.runtime.database.write() as tx:
        own_tasks.cancel(tx, shed.runtime, earlier, now=shed.clock.now)

    assert shed.group(group_id)["finished_at"] == shed.clock.now


def test_the_end_of_a_guest_with_its_queue_is_an_end(shed: Shed) -> None:
    shed.plan(once("a"))
    group_id = group([once("a")])

    purge(shed.runtime, "default", by="Alice")

    assert shed.group(group_id)["finished_at"] == shed.clock.now


def test_a_guest_that_is_called_off_with_its_forerunner_has_ended(shed: Shed) -> None:
    forerunner = step.enqueue("first")
    shed.plan(once("a").after(forerunner))
    group_id = group([once("a")])

    shed.end(forerunner, Status.CANCELLED)

    assert shed.group(group_id)["finished_at"] == shed.clock.now


def test_a_guest_that_expired_closes_its_group_all_the_same(shed: Shed) -> None:
    earlier = shed.plan(once("a"))
    group_id = group([once("a")], then=sum_up.wish())
    shed.expire(earlier)

    assert shed.tie_loose_ends() == 1
    shed.work()

    assert told(shed) == [group_id, 0, 1, ""]


def test_a_group_that_waits_for_a_guest_is_no_loose_end(shed: Shed) -> None:
    shed.plan(once("a"))
    group([once("a")], then=sum_up.wish())

    assert shed.tie_loose_ends() == 0


def test_an_old_group_is_cleaned_up_though_its_guest_lives_on(shed: Shed) -> None:
    fatal.add("a")
    earlier = shed.plan(once("a"))
    group_id = group([once("a")])
    shed.work()
    shed.clock.advance(days=8)
    later = shed.clock.now + timedelta(days=1)
    to = {"status": Status.RETRYING, "finished_at": None, "useful_until": later}
    change_row(shed.runtime, tasks, earlier, **to)

    cleanup.clean_up(shed.runtime)

    assert rows(shed.runtime, task_groups, id=group_id) == []
    assert rows(shed.runtime, group_guests) == []
    assert shed.status(earlier) == "retrying"


def test_over_http_a_group_tells_of_a_task_that_is_there(
    shed: Shed, door: Door
) -> None:
    letter = {"kind": "step", "args": {"name": "a"}, "dedupe_key": "letter-70"}
    earlier = door.post("/tasks", letter).json["id"]

    answer = door.post("/task-groups", {"tasks": [letter], "then": {"kind": "sum_up"}})

    planned = answer.json
    assert [task["id"] for task in planned["tasks"]] == [earlier]
    assert (planned["total"], planned["done"], planned["failed"]) == (1, 0, 0)
    assert planned["finished_at"] is None
    listed = door.get("/tasks", group_id=planned["id"]).json["data"]
    assert [task["id"] for task in listed] == [earlier]
    shed.do(earlier)
    ended = door.get(f"/task-groups/{planned['id']}").json
    assert (ended["total"], ended["done"], ended["failed"]) == (1, 1, 0)
    assert ended["finished_at"] is not None
