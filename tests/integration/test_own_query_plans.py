"""Questions about tasks of one's own go by an index, whatever else there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.clock import utc_now
from app.domain.tasks import FINISHED
from app.storage import own_task_lists, own_tasks, task_groups
from app.storage.own_task_lists import Filter
from app.work import group
from tests.own import Shed, open_shed
from tests.own_kinds import step, sum_up
from tests.plans import Ask, plans_of
from tests.postgres import about_sqlite

pytestmark = about_sqlite


@pytest.fixture(name="shed")
def shed_of_the_house(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path) as shed:
        group([step.wish("a")], then=sum_up.wish())
        yield shed


def listed(**chosen: Any) -> Ask:
    return lambda tx: own_task_lists.look(tx, Filter(**chosen), after=None, limit=50)


@pytest.mark.parametrize(
    ("ask", "by"),
    [
        (lambda tx: own_tasks.standing(tx, "x"), "tasks USING INDEX"),
        (lambda tx: own_tasks.waiting_for(tx, ["x"]), "ix_task_links_after_id"),
        (lambda tx: own_tasks.lock_waiting(tx, ["x", "y"]), "(id=?)"),
        (lambda tx: own_tasks.free(tx, ["x"], now=utc_now()), "(id=?)"),
        (
            lambda tx: task_groups.is_under_way(tx, "x", finished=FINISHED),
            "ix_own_tasks_group",
        ),
        (
            lambda tx: task_groups.is_under_way(tx, "x", finished=FINISHED),
            "group_guests USING COVERING INDEX sqlite_autoindex",
        ),
        (lambda tx: own_tasks.standing(tx, "x"), "ix_group_guests_task_id"),
        (lambda tx: own_tasks.groups_of(tx, ["x"]), "ix_group_guests_task_id"),
        (lambda tx: task_groups.count_by_status(tx, "x"), "ix_own_tasks_group"),
        (
            lambda tx: task_groups.overlooked(tx, finished=FINISHED, limit=9),
            "ix_tasks_status",
        ),
        (
            lambda tx: task_groups.open_groups(tx, limit=9),
            "ix_task_groups_finished_at",
        ),
        (listed(), "own_tasks USING COVERING INDEX"),
        (listed(statuses=["sent"]), "own_tasks USING COVERING INDEX"),
        (listed(kind="step", queue="low"), "own_tasks USING COVERING INDEX"),
        (listed(group_id="x"), "ix_own_tasks_group"),
    ],
)
def test_no_question_looks_at_every_message(shed: Shed, ask: Ask, by: str) -> None:
    plan = explained(shed, ask)

    assert by in plan
    assert "SCAN tasks" not in plan
    assert "SCAN task_groups" not in plan


@pytest.mark.parametrize("chosen", [{}, {"statuses": ["sent"]}, {"group_id": "x"}])
def test_no_list_is_sorted(shed: Shed, chosen: dict[str, Any]) -> None:
    assert "B-TREE" not in explained(shed, listed(**chosen))


def explained(shed: Shed, ask: Ask) -> str:
    return "\n".join(plans_of(shed.runtime, ask))
