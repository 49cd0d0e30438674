"""Lists tasks of one's own, the newest first. Called by the API."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.storage import paging
from app.storage.own_tasks import ROW
from app.storage.tables import group_guests, own_tasks, tasks

#: Tasks, and the id before which the next page goes on.
Page = paging.Page[sa.RowMapping, str]


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which tasks are meant; what is None does not matter."""

    statuses: Collection[str] | None = None
    kind: str | None = None
    queue: str | None = None
    group_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def look(tx: sa.Connection, chosen: Filter, *, after: str | None, limit: int) -> Page:
    """Return tasks, the newest first, at most `limit`, before the id `after`.

    Ids rise, too; by them few tasks are found at once among a million messages. Where
    few suit the filter there may be fewer on a page, or none, before the list ends.
    """

    def suitable(ids: Sequence[str], most: int) -> list[sa.RowMapping]:
        query = ROW.where(own_tasks.c.task_id.in_(ids), *_conditions(chosen))
        query = query.order_by(own_tasks.c.task_id.desc()).limit(most)
        return list(tx.execute(query).mappings())

    return paging.fill(
        keys=lambda before, count: _ids_before(tx, chosen, before, count),
        rows_of=suitable,
        key_of=lambda row: str(row["id"]),
        after=after,
        limit=limit,
    )


def _ids_before(
    tx: sa.Connection, chosen: Filter, before: str | None, count: int
) -> Sequence[str]:
    def ids_in(table: sa.Table) -> sa.Select[Any]:
        query = sa.select(table.c.task_id)
        if chosen.group_id is not None:
            query = query.where(table.c.group_id == chosen.group_id)
        return query if before is None else query.where(table.c.task_id < before)

    query: sa.Select[Any] | sa.CompoundSelect[Any] = ids_in(own_tasks)
    if chosen.group_id is not None:
        query = sa.union_all(query, ids_in(group_guests))
    newest_first = query.order_by(sa.desc("task_id")).limit(count)
    return tx.execute(newest_first).scalars().all()


def _conditions(chosen: Filter) -> list[sa.ColumnElement[bool]]:
    pairs = [
        (tasks.c.kind, chosen.kind),
        (tasks.c.queue, chosen.queue),
    ]
    conditions = [
        paging.by_row(column) == value for column, value in pairs if value is not None
    ]
    if chosen.statuses is not None:
        conditions.append(paging.by_row(tasks.c.status).in_(list(chosen.statuses)))
    if chosen.since is not None:
        conditions.append(tasks.c.created_at >= chosen.since)
    if chosen.until is not None:
        conditions.append(tasks.c.created_at < chosen.until)
    return conditions
