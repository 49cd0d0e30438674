"""A group's own key: the same key is the same group, whatever it is asked to hold."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.services import cleanup
from app.services.desk import RowDesk
from app.storage.tables import task_groups
from app.work import chunks, connected, group
from tests.house import rows
from tests.own import Shed, open_shed
from tests.own_kinds import add, obey, ran, step, sum_up


@pytest.fixture(name="shed")
def shed_of_the_house(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path) as shed:
        yield shed


def test_an_empty_list_with_a_key_is_done_once(shed: Shed) -> None:
    step.enqueue("without a key")
    obey.enqueue("without one, too")

    first = chunks(add, [], then=sum_up.wish(), dedupe_key="night")
    again = chunks(add, [], then=sum_up.wish(), dedupe_key="night")
    shed.work()

    assert again == first
    (follower,) = shed.all(sum_up)
    assert shed.row(follower["id"])["result"] == [first, 0, 0, ""]


def test_an_empty_group_with_a_key_is_none_of_those_that_are_there(shed: Shed) -> None:
    group([step.wish("a")])

    empty = group([], dedupe_key="x")

    assert shed.members(empty) == []
    assert group([], dedupe_key="x") == empty
    assert len(rows(shed.runtime, task_groups)) == 2


def test_the_key_is_the_groups_whatever_its_first_task_is(shed: Shed) -> None:
    first = group([step.wish("a"), obey.wish("b")], dedupe_key="x")

    again = group([obey.wish("c"), obey.wish("d")], dedupe_key="x")

    assert again == first
    assert len(shed.members(first)) == 2
    assert shed.work() == 2


def test_a_key_is_the_groups_though_its_first_task_has_one_of_its_own(
    shed: Shed,
) -> None:
    own = step.with_options(dedupe_key="own")

    first = group([own.wish("a")], dedupe_key="x")
    other = group([own.wish("a")], dedupe_key="y")

    assert other != first
    assert group([own.wish("a")], dedupe_key="y") == other


def test_lists_of_two_kinds_may_have_the_same_key(shed: Shed) -> None:
    sums = chunks(add, [1, 2], size=1, dedupe_key="2027-01-18")

    words = chunks(obey, [], dedupe_key="2027-01-18")

    assert words != sums
    assert len(shed.members(sums)) == 2


def test_two_that_start_a_group_at_once_with_a_key_start_it_once(shed: Shed) -> None:
    def plan(_number: int) -> str:
        with connected(RowDesk(shed.runtime)):
            return group([step.wish("a")], then=sum_up.wish(), dedupe_key="x")

    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(plan, range(4)))
    shed.work()

    assert len(ids) == len(rows(shed.runtime, task_groups)) == 1
    assert ran == ["a"]
    assert len(shed.all(sum_up)) == 1


def test_a_key_is_free_again_once_its_group_is_cleaned_up(shed: Shed) -> None:
    old = chunks(add, [], dedupe_key="x")
    shed.clock.advance(days=8)

    cleanup.clean_up(shed.runtime)

    assert chunks(add, [], dedupe_key="x") != old
