"""`/tasks`: start tasks of one's own, look at them, retry and cancel, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.domain.tasks import Status
from app.services.keys import Scope
from app.work.arguments import LARGEST_JSON
from tests.door import Door, assert_problem, open_door
from tests.own import Shed, open_shed
from tests.own_kinds import busy, fatal, step

FIELDS = {
    "id",
    "kind",
    "queue",
    "status",
    "state",
    "reason",
    "args",
    "result",
    "progress",
    "attempts",
    "group_id",
    "after",
    "priority",
    "created_at",
    "due_at",
    "next_attempt_at",
    "useful_until",
    "finished_at",
}
LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture(name="shed")
def shed_of_the_house(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path) as shed:
        yield shed


@pytest.fixture(name="door")
def door_of_the_shed(shed: Shed) -> Door:
    return open_door(shed.runtime)


def a_step(name: str = "a", **more: Any) -> dict[str, Any]:
    return {"kind": "step", "args": {"name": name}, **more}


def start(door: Door, *args: str, **more: Any) -> str:
    answer = door.post("/tasks", a_step(*args, **more))
    assert answer.status == 202, answer.text
    return str(answer.json["id"])


def test_a_task_is_started_and_shown_with_its_result(shed: Shed, door: Door) -> None:
    answer = door.post("/tasks", a_step("a"))

    assert answer.status == 202
    assert set(answer.json) == FIELDS
    assert (answer.json["status"], answer.json["state"]) == ("pending", "waiting")
    shed.work()
    shown = door.get(f"/tasks/{answer.json['id']}").json
    assert (shown["status"], shown["state"]) == ("sent", "done")
    assert shown["result"] == "a"
    assert shown["args"] == {"name": "a"}


def test_a_started_task_is_as_it_was_asked_for(shed: Shed, door: Door) -> None:
    asked = {
        "queue": "low",
        "priority": 7,
        "send_at": "2027-01-19T10:00:00+01:00",
        "useful_until": "2027-01-20T10:00:00+01:00",
    }

    found = door.post("/tasks", a_step("a", **asked)).json

    assert (found["queue"], found["priority"]) == ("low", 7)
    assert found["due_at"] == found["next_attempt_at"] == "2027-01-19T09:00:00Z"
    assert found["useful_until"] == "2027-01-20T09:00:00Z"


def test_the_same_dedupe_key_is_answered_with_the_same_task(door: Door) -> None:
    ids = [start(door, "a", dedupe_key="x"), start(door, "b", dedupe_key="x")]

    assert ids[0] == ids[1]


def test_the_same_idempotency_key_starts_one_task(shed: Shed, door: Door) -> None:
    first, second = (
        door.post("/tasks", a_step(), Idempotency_Key="once") for _ in range(2)
    )

    assert first.json == second.json
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(shed.all(step)) == 1


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["kind"]),
        (
            {"kind": "stepp", "queue": "lo", "priority": 101},
            ["kind", "priority", "queue"],
        ),
        ({"kind": "step"}, ["args.name"]),
        ({"kind": "step", "args": {"name": 3, "x": 1}}, ["args.name", "args.x"]),
        ({"kind": "step", "args": []}, ["args"]),
        (a_step("x" * LARGEST_JSON), ["args"]),
        (a_step(after=["nobody"]), ["after"]),
        (a_step(useful_until=LONG_AGO), ["useful_until"]),
        (a_step(send_at="2027-01-19T10:00:00"), ["send_at"]),
        (a_step(colour="red"), ["colour"]),
        (
            {"kind": "step", "args": {"name": 3}, "priority": 101, "after": ["nobody"]},
            ["args.name", "priority"],
        ),
        (
            a_step(priority=101, useful_until=LONG_AGO),
            ["priority", "useful_until"],
        ),
        ({"kind": "step", "args": [], "priority": 101}, ["args", "priority"]),
        (
            {"kind": "step", "after": ["nobody"], "useful_until": LONG_AGO},
            ["after", "args.name", "useful_until"],
        ),
    ],
)
def test_a_bad_wish_is_422_and_names_every_field(
    shed: Shed, door: Door, body: dict[str, Any], fields: list[str]
) -> None:
    answer = door.post("/tasks", body)

    assert_problem(answer, 422, *fields)
    assert shed.all(step) == []


def test_a_kind_of_message_is_shown_where_messages_are_sent(door: Door) -> None:
    answer = door.post("/tasks", {"kind": "booking_reminder"})

    assert "POST /notifications" in answer.bad_fields["kind"]


def test_an_unknown_kind_is_answered_with_the_nearest(door: Door) -> None:
    answer = door.post("/tasks", {"kind": "stepp"})

    assert answer.bad_fields["kind"].endswith("the nearest is step")


def test_large_args_are_refused_with_advice(door: Door) -> None:
    answer = door.post("/tasks", a_step("x" * LARGEST_JSON))

    assert "pass its id" in answer.bad_fields["args"]


@pytest.mark.parametrize("scope", [Scope.SITE, Scope.PUBLIC, Scope.METRICS])
def test_only_an_admin_starts_tasks(door: Door, scope: Scope) -> None:
    assert_problem(door.as_scope(scope).post("/tasks", a_step()), 403)
    assert_problem(door.as_scope(scope).get("/tasks"), 403)
    assert_problem(door.as_scope(scope).post("/task-groups", {}), 403)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/tasks/x"),
        ("GET", "/tasks/x?wait=1"),
        ("POST", "/tasks/x/retry"),
        ("POST", "/tasks/x/cancel"),
        ("GET", "/task-groups/x"),
    ],
)
def test_what_is_not_there_is_404(door: Door, method: str, path: str) -> None:
    assert_problem(door.ask(method, path), 404)


def test_a_task_is_cancelled_with_what_was_to_follow(door: Door) -> None:
    first = start(door)
    second = start(door, "b", after=[first])

    answer = door.post(f"/tasks/{first}/cancel")

    assert answer.status == 200
    assert answer.json["state"] == "called_off"
    follower = door.get(f"/tasks/{second}").json
    assert (follower["status"], follower["after"]) == ("cancelled", [first])


def test_what_has_ended_is_not_cancelled(shed: Shed, door: Door) -> None:
    task_id = start(door)
    shed.work()

    assert_problem(door.post(f"/tasks/{task_id}/cancel"), 409)
    assert_problem(door.post(f"/tasks/{task_id}/retry"), 409)


def test_a_dead_task_is_retried(shed: Shed, door: Door) -> None:
    fatal.add("a")
    task_id = start(door)
    shed.work()
    assert door.get(f"/tasks/{task_id}").json["state"] == "failed"
    fatal.clear()

    assert door.post(f"/tasks/{task_id}/retry").status == 200

    shed.work()
    assert door.get(f"/tasks/{task_id}").json["state"] == "done"


def test_tasks_are_listed_by_what_is_asked_for(shed: Shed, door: Door) -> None:
    fatal.add("dead")
    busy.add("busy")
    names = {start(door, name): name for name in ("done", "dead", "busy", "later")}
    ids = dict(zip(names.values(), names, strict=True))
    for name in ("done", "dead", "busy"):
        shed.do(ids[name])
    start(door, "low", queue="low")

    def found(**query: str) -> list[str]:
        rows = door.get("/tasks", **query).json["data"]
        return [row["args"]["name"] for row in rows]

    assert found() == ["low", "later", "busy", "dead", "done"]
    assert found(state="waiting") == ["low", "later", "busy"]
    assert found(state="done") == ["done"]
    assert found(status="dead") == ["dead"]
    assert found(status="dead", state="done") == []
    assert found(queue="low") == ["low"]
    assert found(kind="add") == []
    assert found(since="2027-01-18T09:00:01Z") == []


def test_lists_come_in_pages(door: Door) -> None:
    for name in "abc":
        start(door, name)

    first = door.get("/tasks", limit=2).json
    second = door.get("/tasks", limit=2, cursor=first["next_cursor"]).json

    names = [row["args"]["name"] for row in first["data"] + second["data"]]
    assert names == ["c", "b", "a"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("wait", ["-1", "31", "x", "nan"])
def test_nobody_waits_for_ever(door: Door, wait: str) -> None:
    assert_problem(door.get(f"/tasks/{start(door)}", wait=wait), 422, "wait")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("queued", "waiting"),
        ("sending", "running"),
        ("unknown", "running"),
        ("failed", "waiting"),
        ("superseded", "called_off"),
    ],
)
def test_a_state_says_in_a_word_what_a_status_is(
    shed: Shed, door: Door, status: str, state: str
) -> None:
    task_id = start(door)
    shed.end(task_id, Status(status))

    assert door.get(f"/tasks/{task_id}").json["state"] == state
