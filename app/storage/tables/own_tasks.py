"""Beside tasks of the owner's own: groups, links, results."""

from __future__ import annotations

import sqlalchemy as sa

from app.storage.tables.base import Json, metadata
from app.storage.types import Moment

#: Beside a task that is no message: one of the owner's own kinds.
own_tasks = sa.Table(
    "own_tasks",
    metadata,
    sa.Column(
        "task_id",
        sa.ForeignKey("tasks.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("group_id", sa.ForeignKey("task_groups.id")),
    # What its function returned, and what it last reported while it ran.
    sa.Column("result", Json),
    sa.Column("progress", Json),
    # So that the last of a group is found at once.
    sa.Index("ix_own_tasks_group", "group_id", "task_id"),
)

#: Tasks that belong together, and the one that follows when all of them have ended.
task_groups = sa.Table(
    "task_groups",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False, default=""),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("then_task_id", sa.String),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("finished_at", Moment, index=True),
    sa.Column("dedupe_key", sa.String, unique=True, index=True),
)

#: A task that was there before a group that wants it: the group waits for it as well.
group_guests = sa.Table(
    "group_guests",
    metadata,
    sa.Column(
        "group_id",
        sa.ForeignKey("task_groups.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column(
        "task_id",
        sa.ForeignKey("tasks.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
)

#: A task waits until each of those that it comes after is done.
task_links = sa.Table(
    "task_links",
    metadata,
    sa.Column(
        "task_id",
        sa.ForeignKey("tasks.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column(
        "after_id",
        sa.ForeignKey("tasks.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
)
