"""`/task-groups`: tasks that belong together, over HTTP: how far, in what order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.domain.ids import new_id
from tests.door import Door, assert_problem, open_door
from tests.own import Shed, open_shed
from tests.own_kinds import fatal, ran, step


@pytest.fixture(name="shed")
def shed_of_the_house(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path) as shed:
        yield shed


@pytest.fixture(name="door")
def door_of_the_shed(shed: Shed) -> Door:
    return open_door(shed.runtime)


def a_step(name: object = "a", **more: Any) -> dict[str, Any]:
    return {"kind": "step", "args": {"name": name}, **more}


def start(door: Door, *args: str, **more: Any) -> str:
    answer = door.post("/tasks", a_step(*args, **more))
    assert answer.status == 202, answer.text
    return str(answer.json["id"])


def test_a_group_tells_how_far_it_has_come(shed: Shed, door: Door) -> None:
    fatal.add("b")
    body = {
        "name": "letters",
        "tasks": [a_step("a"), a_step("b"), a_step("c")],
        "then": {"kind": "sum_up", "args": {"greeting": "hello"}},
    }

    answer = door.post("/task-groups", body)

    assert answer.status == 202
    planned = answer.json
    assert (planned["total"], planned["done"], planned["failed"]) == (3, 0, 0)
    assert [task["args"]["name"] for task in planned["tasks"]] == ["a", "b", "c"]
    assert {task["group_id"] for task in planned["tasks"]} == {planned["id"]}
    shed.work()
    ended = door.get(f"/task-groups/{planned['id']}").json
    assert (ended["total"], ended["done"], ended["failed"]) == (3, 2, 1)
    assert ended["finished_at"] == "2027-01-18T09:00:00Z"
    then = door.get(f"/tasks/{planned['then_task_id']}").json
    assert then["result"] == [planned["id"], 2, 1, "hello"]
    listed = door.get("/tasks", group_id=planned["id"]).json["data"]
    assert len(listed) == 3


def test_tasks_of_a_group_name_each_other(shed: Shed, door: Door) -> None:
    earlier = start(door, "first")
    tasks = [
        a_step("third", after=["second"]),
        a_step("second", id="second", after=[earlier]),
    ]

    planned = door.post("/task-groups", {"tasks": tasks}).json

    third, second = planned["tasks"]
    assert (third["after"], second["after"]) == ([second["id"]], [earlier])
    shed.work()
    assert ran == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"tasks": []}, ["tasks"]),
        (
            {"tasks": [{"kind": "x"}, {"kind": "step"}, a_step(3)]},
            ["tasks.0.kind", "tasks.1.args.name", "tasks.2.args.name"],
        ),
        (
            {"tasks": [a_step(priority=101)], "then": {"kind": "add", "after": ["a"]}},
            ["tasks.0.priority", "then.after", "then.args.numbers"],
        ),
        (
            {"tasks": [a_step(priority=101)], "then": {"kind": "sum_up"}},
            ["tasks.0.priority"],
        ),
        (
            {"tasks": "all of them", "then": {"kind": "step", "queue": "lo"}},
            ["tasks", "then.args.name", "then.queue"],
        ),
        ({"tasks": [a_step(3, after=["b"])]}, ["after", "tasks.0.args.name"]),
        (
            {"tasks": [a_step(3), a_step()], "then": {"kind": "add"}},
            ["tasks.0.args.name", "then.args.numbers"],
        ),
        ({"tasks": [a_step(id="a"), a_step(id="a")]}, ["tasks.1.id"]),
        (
            {"tasks": [a_step(id="a"), a_step(3, id="a")]},
            ["tasks.1.args.name", "tasks.1.id"],
        ),
        ({"tasks": [3, a_step(3)]}, ["tasks.0", "tasks.1.args.name"]),
        ({"tasks": [a_step()], "then": []}, ["then"]),
        ([a_step()], ["body"]),
        ({"tasks": [a_step(id="a", after=["a"])]}, ["after"]),
        ({"tasks": [a_step(after=["b"])]}, ["after"]),
    ],
)
def test_a_bad_group_is_422_and_starts_nothing(
    shed: Shed, door: Door, body: Any, fields: list[str]
) -> None:
    assert_problem(door.post("/task-groups", body), 422, *fields)
    assert shed.all(step) == []


def test_an_unknown_group_has_no_tasks(door: Door) -> None:
    start(door)

    assert door.get("/tasks", group_id=new_id()).json["data"] == []
