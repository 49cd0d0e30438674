"""A queue takes a group of tasks where all of it has room, or nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.door import Door, assert_problem, open_door
from tests.house import nothing_saved
from tests.own import Shed, open_shed


@pytest.fixture(name="shed")
def shed_with_a_queue_of_two(tmp_path: Path) -> Iterator[Shed]:
    policy = "[queues.default]\nmax_length = 2\n"
    (tmp_path / "bellhop.toml").write_text(policy, encoding="utf-8")
    with open_shed(tmp_path) as shed:
        yield shed


@pytest.fixture(name="door")
def door_of_the_shed(shed: Shed) -> Door:
    return open_door(shed.runtime)


def a_group(number: int, **more: Any) -> dict[str, Any]:
    """Return a group of tasks for the queue of two, each to run much later."""
    task = {"kind": "step", "args": {"name": "a"}, "queue": "default"}
    later = {**task, "send_at": "2199-01-01T00:00:00Z"}
    return {"tasks": [later] * number, **more}


def test_a_queue_takes_a_group_only_where_all_of_it_has_room(
    shed: Shed, door: Door
) -> None:
    assert door.post("/task-groups", a_group(1)).status == 202

    with nothing_saved(shed.runtime):
        refused = door.post("/task-groups", a_group(2))

    assert_problem(refused, 429)
    assert refused.headers["Retry-After"] == "60"
    told = "'default' has room for 1, and not for the 2 of this"
    assert told in refused.json["detail"]
    assert door.post("/task-groups", a_group(1)).status == 202


def test_a_group_that_no_empty_queue_could_hold_is_told_so(door: Door) -> None:
    refused = door.post("/task-groups", a_group(3))

    assert_problem(refused, 429)
    assert "send at most 2 at a time" in refused.json["detail"]


@pytest.mark.parametrize(("queue", "status"), [("default", 429), ("low", 202)])
def test_what_follows_a_group_needs_room_in_its_queue_too(
    door: Door, queue: str, status: int
) -> None:
    then = {"kind": "sum_up", "queue": queue}

    answer = door.post("/task-groups", a_group(2, then=then))

    assert answer.status == status


def test_the_same_task_several_times_needs_room_once(door: Door) -> None:
    body = a_group(2)
    task = {**body["tasks"][0], "dedupe_key": "a"}

    answer = door.post("/task-groups", {"tasks": [task] * 3})

    assert (answer.status, answer.json["total"]) == (202, 1)
