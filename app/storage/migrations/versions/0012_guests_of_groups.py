"""A group waits for tasks that were there before it as well."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    op.create_table(
        "group_guests",
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["task_groups.id"],
            name=op.f("fk_group_guests_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["tasks.id"],
            name=op.f("fk_group_guests_task_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("group_id", "task_id", name=op.f("pk_group_guests")),
    )
    op.create_index(op.f("ix_group_guests_task_id"), "group_guests", ["task_id"])
