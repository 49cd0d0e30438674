"""The SQL of tasks of one's own: write them, find them, let those that wait go.

A task that waits for others is `pending` without a next attempt. Whoever decides about
it locks its row first, so that of two that end at once the second sees the first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.errors import InvalidError, Problem
from app.storage.chunks import chunks, in_chunks
from app.storage.tables import group_guests, own_tasks, task_links, tasks
from app.storage.upsert import upsert

#: What is shown of a task.
ROW = sa.select(
    tasks, own_tasks.c.group_id, own_tasks.c.result, own_tasks.c.progress
).join(own_tasks, own_tasks.c.task_id == tasks.c.id)

# Asked at the end of every task, and so made once.
_STATUS = sa.select(tasks.c.status).where(tasks.c.id == sa.bindparam("task_id"))
_STANDING = (
    sa.select(
        tasks.c.status, own_tasks.c.group_id, group_guests.c.group_id.label("host_id")
    )
    .join(own_tasks, own_tasks.c.task_id == tasks.c.id)
    .outerjoin(group_guests, group_guests.c.task_id == tasks.c.id)
    .where(tasks.c.id == sa.bindparam("task_id"))
)
_LINKED = sa.select(task_links.c.task_id).where(
    task_links.c.after_id.in_(sa.bindparam("ended", expanding=True))
)

PLANNED_BEFORE = "has been planned before: call `wish` again for another task"


def insert(
    tx: sa.Connection,
    rows: Sequence[Mapping[str, Any]],
    *,
    group_id: str | None,
) -> dict[str, str]:
    """Insert tasks; return the id that each has, which is another's by dedupe key.

    Raises InvalidError where an id is taken.
    """
    if not rows:
        return {}
    statement = upsert(tx.dialect.name, tasks).on_conflict_do_nothing(
        index_elements=["dedupe_key"]
    )
    try:
        tx.execute(statement, [dict(row) for row in rows])
        ids = _ids_of(tx, rows)
        fresh = [own for own, kept in ids.items() if own == kept]
        if fresh:
            own = [{"task_id": task_id, "group_id": group_id} for task_id in fresh]
            tx.execute(sa.insert(own_tasks), own)
    except sa.exc.IntegrityError:
        raise InvalidError([Problem("wish", PLANNED_BEFORE)]) from None
    return ids


def link(tx: sa.Connection, pairs: Collection[tuple[str, str]]) -> None:
    """Let the first of each pair wait for the second."""
    rows = [{"task_id": task_id, "after_id": after} for task_id, after in pairs]
    if rows:
        tx.execute(sa.insert(task_links), rows)


def existing(tx: sa.Connection, ids: Collection[str]) -> set[str]:
    """Return those of the ids that are tasks of one's own."""
    column = own_tasks.c.task_id
    found = in_chunks(tx, sa.select(column), column, ids)
    return {row.task_id for row in found}


def find(tx: sa.Connection, task_id: str) -> sa.RowMapping | None:
    """Return a task, or None."""
    return tx.execute(ROW.where(tasks.c.id == task_id)).mappings().one_or_none()


def find_many(tx: sa.Connection, ids: Collection[str]) -> list[sa.RowMapping]:
    """Return these tasks in the order in which they were planned."""
    query = ROW.where(tasks.c.id.in_(ids)).order_by(tasks.c.seq)
    return list(tx.execute(query).mappings())


def afters(tx: sa.Connection, ids: Collection[str]) -> dict[str, list[str]]:
    """Return for each of these tasks those that it comes after."""
    found: dict[str, list[str]] = {task_id: [] for task_id in ids}
    query = sa.select(task_links).order_by(task_links.c.after_id)
    for row in in_chunks(tx, query, task_links.c.task_id, ids):
        found[row.task_id].append(row.after_id)
    return found


def standing(tx: sa.Connection, task_id: str) -> tuple[str, set[str]] | None:
    """Return a task's status and its groups, or None where there is no such task."""
    rows = tx.execute(_STANDING, {"task_id": task_id}).all()
    if not rows:
        return None
    groups = {group for row in rows for group in (row.group_id, row.host_id)}
    return rows[0].status, groups - {None}


def status_of(tx: sa.Connection, task_id: str) -> str | None:
    """Return a task's status, or None where there is no such task."""
    return tx.execute(_STATUS, {"task_id": task_id}).scalar_one_or_none()


def waiting_for(
    tx: sa.Connection, ended: Collection[str], *, at_hand: bool = False
) -> list[str]:
    """Return the tasks that wait for one of these, locked until the commit."""
    linked: set[str] = set()
    for some in chunks(ended):
        linked.update(tx.execute(_LINKED, {"ended": some}).scalars())
    return lock_waiting(tx, linked, at_hand=at_hand)


def lock_waiting(
    tx: sa.Connection, ids: Collection[str], *, at_hand: bool = False
) -> list[str]:
    """Return those of the tasks that wait for others, locked until the commit.

    `at_hand`: leave out those that somebody else is changing, instead of waiting.
    """
    # Found by their ids alone: by its status SQLite would look at all that wait.
    query = (
        sa.select(tasks.c.id, tasks.c.status, tasks.c.next_attempt_at)
        .order_by(tasks.c.seq.desc())  # as in locking.py; ids rise as well
        .with_for_update(key_share=True, skip_locked=at_hand)
    )
    found = in_chunks(tx, query, tasks.c.id, sorted(ids, reverse=True))
    return [
        row.id
        for row in found
        if row.status == "pending" and row.next_attempt_at is None
    ]


def statuses_before(
    tx: sa.Connection, ids: Collection[str]
) -> dict[str, dict[str, str]]:
    """Return for each task the kinds it waits for, with their statuses, by id.

    Of those with the same kind and status one stands for all.
    """
    found: dict[str, dict[str, str]] = {task_id: {} for task_id in ids}
    before = tasks.alias("before")
    query = (
        sa.select(task_links.c.task_id, before.c.kind, before.c.status)
        .join(before, before.c.id == task_links.c.after_id)
        .distinct()
    )
    for row in in_chunks(tx, query, task_links.c.task_id, ids):
        found[row.task_id][row.status] = row.kind
    return found


def change(
    tx: sa.Connection,
    ids: Iterable[str],
    *,
    among: Collection[str],
    to: Mapping[str, Any],
) -> set[str]:
    """Give tasks these values where their status is `among` those; return which."""
    statement = (
        sa.update(tasks)
        .where(tasks.c.status.in_(list(among)))
        .values(**to)
        .returning(tasks.c.id)
    )
    changed = in_chunks(tx, statement, tasks.c.id, ids)
    return {row.id for row in changed}


def free(tx: sa.Connection, ids: Collection[str], *, now: datetime) -> None:
    """Let waiting tasks, which are locked, go: now, or when they are due."""
    freed = sa.update(tasks).values(
        next_attempt_at=sa.case(
            (tasks.c.due_at > now, tasks.c.due_at),
            else_=sa.literal(now, tasks.c.due_at.type),
        ),
        reason="",
        updated_at=now,
    )
    in_chunks(tx, freed, tasks.c.id, ids)


def keep_result(tx: sa.Connection, task_id: str, *, result: Any, progress: Any) -> None:
    """Keep what a task returned and what it last reported, where it did."""
    found = {"result": result, "progress": progress}
    values = {name: value for name, value in found.items() if value is not None}
    if not values:
        return
    this = own_tasks.c.task_id == task_id
    tx.execute(sa.update(own_tasks).where(this).values(**values))


def keep_progress(tx: sa.Connection, task_id: str, progress: Any) -> None:
    """Keep what a task reports while it runs."""
    this = own_tasks.c.task_id == task_id
    tx.execute(sa.update(own_tasks).where(this).values(progress=progress))


def groups_of(tx: sa.Connection, ids: Collection[str]) -> list[str]:
    """Return the groups that these tasks belong to, or are guests of."""
    found: set[str | None] = set()
    for table in (own_tasks, group_guests):
        query = sa.select(table.c.group_id).distinct()
        rows = in_chunks(tx, query, table.c.task_id, ids)
        found.update(row.group_id for row in rows)
    return [group_id for group_id in found if group_id is not None]


def _ids_of(tx: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    keys = {row["dedupe_key"] for row in rows} - {None}
    kept: dict[str, str] = {}
    if keys:
        column = tasks.c.dedupe_key
        found = in_chunks(tx, sa.select(column, tasks.c.id), column, keys)
        kept = {row.dedupe_key: row.id for row in found}
    return {row["id"]: kept.get(row["dedupe_key"], row["id"]) for row in rows}
