"""More tasks after one than a statement may name: PostgreSQL takes 65,535 values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.domain.tasks import Status
from app.services import own_tasks
from app.storage.tables import own_tasks as own_rows
from app.storage.tables import task_links, tasks
from tests.own import Shed, open_shed
from tests.own_kinds import step

#: More than that, and more than are settled at once.
GREAT_CROWD, CROWD = 70_000, 1_200


@pytest.fixture(name="shed")
def shed_of_the_house(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path) as shed:
        yield shed


def crowd_after(shed: Shed, first: str, *, size: int = CROWD) -> None:
    """Let a crowd wait for a task, which was planned in many batches."""
    model = step.with_options(after=[first]).enqueue("model")
    copied = [column.name for column in tasks.c if column.name not in ("id", "seq")]
    numbers = sa.text(
        "WITH RECURSIVE crowd(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM crowd "
        f"WHERE n < {size}) "
        f"INSERT INTO tasks (id, {', '.join(copied)}) "
        f"SELECT 'crowd-' || n, {', '.join(copied)} FROM crowd, tasks WHERE id = :model"
    )
    is_crowd = tasks.c.id.like("crowd-%")
    with shed.runtime.database.write() as tx:
        tx.execute(numbers, {"model": model})
        for table, values in ((own_rows, ()), (task_links, (sa.literal(first),))):
            columns = ["task_id", "after_id"][: 1 + len(values)]
            rows = sa.select(tasks.c.id, *values).where(is_crowd)
            tx.execute(sa.insert(table).from_select(columns, rows))


def standing(shed: Shed) -> dict[tuple[str, bool], int]:
    """Count the crowd by status, and by whether it waits for others."""
    waits = tasks.c.next_attempt_at.is_(None).label("waits")
    query = (
        sa.select(tasks.c.status, waits, sa.func.count())
        .where(tasks.c.id.like("crowd-%"))
        .group_by(tasks.c.status, waits)
    )
    with shed.runtime.database.read() as tx:
        return {(row[0], bool(row[1])): row[2] for row in tx.execute(query)}


def test_a_crowd_goes_when_the_one_before_it_is_done(shed: Shed) -> None:
    first = step.enqueue("first")
    crowd_after(shed, first)

    shed.end(first, Status.SENT)

    assert standing(shed) == {("pending", False): CROWD}


def test_a_crowd_is_called_off_with_the_one_before_it(shed: Shed) -> None:
    first = step.enqueue("first")
    crowd_after(shed, first)

    with shed.runtime.database.write() as tx:
        own_tasks.cancel(tx, shed.runtime, first, now=shed.clock.now)

    assert standing(shed) == {("cancelled", True): CROWD}


def test_one_more_is_planned_after_one_that_a_crowd_follows(shed: Shed) -> None:
    first = step.enqueue("first")
    crowd_after(shed, first, size=GREAT_CROWD)
    asked: list[str] = []

    with shed.runtime.database.write() as tx:
        sa.event.listen(
            tx, "before_execute", lambda *facts: asked.append(str(facts[1]))
        )
        own_tasks.insert_task(
            tx, shed.runtime, step.wish("one more").after(first), now=shed.clock.now
        )

    assert len(asked) < 20


def test_what_is_planned_after_one_that_has_failed_is_called_off_with_what_follows(
    shed: Shed,
) -> None:
    first = step.enqueue("first")
    shed.end(first, Status.EXPIRED)
    second = step.wish("second").after(first)
    third = step.wish("third").after(second.id)

    with shed.runtime.database.write() as tx:
        own_tasks.insert_all(tx, shed.runtime, [second, third], now=shed.clock.now)

    assert shed.statuses([second.id, third.id]) == ["cancelled", "cancelled"]
