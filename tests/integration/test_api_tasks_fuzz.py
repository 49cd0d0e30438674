"""Whatever comes to `/tasks` and `/task-groups`: an answer below 500, a true one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.door import Door, open_door
from tests.integration.test_api_fuzz import AT_LENGTH, JSON, SCALARS, TEXTS
from tests.own import Shed, open_shed
from tests.own_kinds import KINDS

NAMES = st.sampled_from([kind.name for kind in KINDS]) | TEXTS
TASKS = st.fixed_dictionaries(
    {},
    optional={
        "kind": NAMES,
        "args": st.dictionaries(st.sampled_from(["name", "word", "numbers"]), JSON)
        | JSON,
        "queue": st.sampled_from(["low", "sms"]) | TEXTS,
        "priority": SCALARS,
        "send_at": SCALARS,
        "useful_until": SCALARS,
        "dedupe_key": SCALARS,
        "after": st.lists(TEXTS, max_size=3),
    },
)
GROUPS = st.fixed_dictionaries(
    {},
    optional={"name": SCALARS, "tasks": st.lists(TASKS, max_size=3), "then": TASKS},
)


@pytest.fixture(name="shed")
def shed_of_the_house(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path) as shed:
        yield shed


@pytest.fixture(name="door")
def door_of_the_shed(shed: Shed) -> Door:
    return open_door(shed.runtime)


@AT_LENGTH
@given(body=TASKS)
def test_any_task_is_started_or_refused(door: Door, body: dict[str, Any]) -> None:
    answer = door.post("/tasks", body)

    assert answer.status in (202, 422), answer.asked + answer.text
    if answer.status == 202:
        assert door.get(f"/tasks/{answer.json['id']}").json["kind"] == body["kind"]


@AT_LENGTH
@given(body=GROUPS)
def test_any_group_is_started_or_refused(door: Door, body: dict[str, Any]) -> None:
    answer = door.post("/task-groups", body)

    assert answer.status in (202, 422), answer.asked + answer.text


@AT_LENGTH
@given(
    name=st.sampled_from(["status", "state", "kind", "group_id", "since"]), value=TEXTS
)
def test_any_filter_is_answered(door: Door, name: str, value: str) -> None:
    answer = door.get("/tasks", **{name: value})

    assert answer.status in (200, 422), answer.asked + answer.text


@AT_LENGTH
@given(word=JSON)
def test_any_args_that_are_taken_can_be_run(shed: Shed, door: Door, word: Any) -> None:
    answer = door.post("/tasks", {"kind": "obey", "args": {"word": word}})

    shed.work()

    if answer.status == 202:
        assert door.get(f"/tasks/{answer.json['id']}").json["result"] == word
