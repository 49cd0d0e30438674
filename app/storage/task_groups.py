"""The SQL of groups of tasks, and of what was left open when nobody looked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.storage.chunks import in_chunks
from app.storage.tables import (
    group_guests,
    own_tasks,
    task_groups,
    task_links,
    tasks,
)
from app.storage.upsert import upsert

_OPEN = (
    sa.select(task_groups)
    .where(task_groups.c.id == sa.bindparam("group_id"))
    .where(task_groups.c.finished_at.is_(None))
)
_OPEN_IN_TIME = _OPEN.with_for_update()
_OPEN_AT_HAND = _OPEN.with_for_update(skip_locked=True)
_UNDER_WAY = (
    sa.select(own_tasks.c.task_id)
    .join(tasks, tasks.c.id == own_tasks.c.task_id)
    .where(own_tasks.c.group_id == sa.bindparam("group_id"))
    .where(tasks.c.status.not_in(sa.bindparam("finished", expanding=True)))
    .order_by(own_tasks.c.task_id.desc())
    .limit(1)
)
_GUEST_UNDER_WAY = (
    sa.select(group_guests.c.task_id)
    .join(tasks, tasks.c.id == group_guests.c.task_id)
    .where(group_guests.c.group_id == sa.bindparam("group_id"))
    .where(tasks.c.status.not_in(sa.bindparam("finished", expanding=True)))
    .limit(1)
)


def insert(tx: sa.Connection, row: Mapping[str, Any]) -> str:
    """Write a group down, before its tasks; return its id, or that of its key's."""
    key = task_groups.c.dedupe_key
    statement = upsert(tx.dialect.name, task_groups).on_conflict_do_nothing(
        index_elements=[key]
    )
    tx.execute(statement, [dict(row)])
    if row["dedupe_key"] is None:
        return str(row["id"])
    query = sa.select(task_groups.c.id).where(key == row["dedupe_key"])
    return str(tx.execute(query).scalar_one())


def add_guests(tx: sa.Connection, group_id: str, ids: Collection[str]) -> int:
    """Let a group wait for tasks, too, that were there before it; return how many.

    One that ends in this very moment, unseen, is found by the job (`following.py`);
    one that is cleaned up in it is no guest any more.
    """
    # Locked until the commit: cleanup then leaves it alone, instead of failing us.
    there = (
        sa.select(tasks.c.id)
        .order_by(tasks.c.seq.desc())  # as in locking.py
        .with_for_update(read=True, key_share=True)
    )
    found = in_chunks(tx, there, tasks.c.id, sorted(ids, reverse=True))
    rows = [{"group_id": group_id, "task_id": row.id} for row in found]
    if rows:
        tx.execute(sa.insert(group_guests), rows)
    return len(rows)


def set_total(
    tx: sa.Connection, group_id: str, *, total: int, then_task_id: str | None
) -> None:
    """Write down how many tasks a group has, and which one follows."""
    tx.execute(
        sa.update(task_groups)
        .where(task_groups.c.id == group_id)
        .values(total=total, then_task_id=then_task_id)
    )


def find(tx: sa.Connection, group_id: str) -> sa.RowMapping | None:
    """Return a group, or None."""
    query = sa.select(task_groups).where(task_groups.c.id == group_id)
    return tx.execute(query).mappings().one_or_none()


def lock_open(
    tx: sa.Connection, group_id: str, *, at_hand: bool = False
) -> sa.RowMapping | None:
    """Return a group that is not finished, locked until the commit.

    `at_hand`: None, too, where somebody else is changing it, instead of waiting.
    """
    query = _OPEN_AT_HAND if at_hand else _OPEN_IN_TIME
    return tx.execute(query, {"group_id": group_id}).mappings().one_or_none()


def is_under_way(
    tx: sa.Connection, group_id: str, *, finished: Collection[str]
) -> bool:
    """Tell whether a member has not ended; the last ones are looked at first.

    Members run in the order in which they were planned: mostly one look is enough.
    """
    facts = {"group_id": group_id, "finished": list(finished)}
    return any(
        tx.execute(query, facts).first() is not None
        for query in (_UNDER_WAY, _GUEST_UNDER_WAY)
    )


def count_by_status(tx: sa.Connection, group_id: str) -> dict[str, int]:
    """Count a group's members by their status, its guests among them."""
    members = sa.union_all(
        sa.select(own_tasks.c.task_id).where(own_tasks.c.group_id == group_id),
        sa.select(group_guests.c.task_id).where(group_guests.c.group_id == group_id),
    ).subquery()
    query = (
        sa.select(tasks.c.status, sa.func.count())
        .join(members, members.c.task_id == tasks.c.id)
        .group_by(tasks.c.status)
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def finish(tx: sa.Connection, group_id: str, *, now: datetime) -> None:
    """Write down that all of a group's tasks have ended."""
    tx.execute(
        sa.update(task_groups)
        .where(task_groups.c.id == group_id)
        .values(finished_at=now)
    )


def give_args(tx: sa.Connection, task_id: str, args: Mapping[str, Any]) -> None:
    """Give a task that has not begun other arguments."""
    tx.execute(sa.update(tasks).where(tasks.c.id == task_id).values(args=dict(args)))


def open_groups(tx: sa.Connection, *, limit: int) -> list[str]:
    """Return groups that are not finished, the oldest first."""
    query = (
        sa.select(task_groups.c.id)
        .where(task_groups.c.finished_at.is_(None))
        .order_by(task_groups.c.created_at)
        .limit(limit)
    )
    return list(tx.execute(query).scalars())


def overlooked(
    tx: sa.Connection, *, finished: Collection[str], limit: int
) -> list[str]:
    """Return waiting tasks that wait for one that has ended, or for none any more.

    Those that follow a group wait for it alone, and are left out.
    """
    before = tasks.alias("before")
    waits_on = sa.exists().where(
        task_links.c.task_id == tasks.c.id,
        before.c.id == task_links.c.after_id,
        before.c.status.not_in(list(finished)),
    )
    follow_groups = sa.select(task_groups.c.then_task_id).where(
        task_groups.c.finished_at.is_(None), task_groups.c.then_task_id.is_not(None)
    )
    query = (
        sa.select(tasks.c.id)
        .join(own_tasks, own_tasks.c.task_id == tasks.c.id)
        .where(
            tasks.c.status == "pending",
            tasks.c.next_attempt_at.is_(None),
            ~waits_on,
            tasks.c.id.not_in(follow_groups),
        )
        .order_by(tasks.c.seq)
        .limit(limit)
    )
    return list(tx.execute(query).scalars())


def clean(tx: sa.Connection, *, finished_before: datetime) -> int:
    """Forget groups that finished long ago and whose tasks are gone; count them."""
    has_members = sa.exists().where(own_tasks.c.group_id == task_groups.c.id)
    query = sa.delete(task_groups).where(
        task_groups.c.finished_at < finished_before, ~has_members
    )
    return tx.execute(query).rowcount
