"""A wish that is used more than once: in one list it is as many tasks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import InvalidError
from app.work import chain, group
from tests.house import nothing_saved
from tests.own import Shed, open_shed
from tests.own_kinds import obey, ran, step


@pytest.fixture(name="shed")
def shed_of_the_house(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path) as shed:
        yield shed


def test_a_wish_several_times_in_a_group_is_as_many_tasks(shed: Shed) -> None:
    wish = step.wish("a")

    group_id = group([wish] * 3, then=wish)
    shed.work()

    assert shed.group(group_id)["total"] == len(shed.members(group_id)) == 3
    assert ran == ["a"] * 4


def test_a_wish_several_times_in_a_chain_is_one_task_after_the_other(
    shed: Shed,
) -> None:
    wish = step.wish("a")

    first, second, third = chain(*[wish] * 3)

    assert shed.row(second)["next_attempt_at"] is None
    shed.do(first)
    shed.do(second)
    assert shed.row(third)["next_attempt_at"] == shed.clock.now


def test_the_first_of_several_is_the_one_that_others_come_after(shed: Shed) -> None:
    wish = step.wish("a")

    group([wish, wish, obey.wish("last").after(wish.id)])
    shed.do(wish.id)

    (last,) = shed.all(obey)
    assert last["next_attempt_at"] == shed.clock.now


@pytest.mark.parametrize("key", [None, "x"])
def test_a_wish_that_was_planned_before_is_refused_in_plain_words(
    shed: Shed, key: str | None
) -> None:
    wish = step.with_options(dedupe_key=key).wish("a")
    group([wish])

    with nothing_saved(shed.runtime), pytest.raises(InvalidError) as caught:
        group([step.wish("b"), wish])

    (problem,) = caught.value.problems
    assert str(problem.message).startswith("has been planned before: call `wish` again")
