"""Less is written for a message that leaves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    # What it held is the sum of `daily_costs`.
    op.drop_table("spending")
    for index, table, column in (
        ("ix_notifications_ladder_id", "notifications", "ladder_id"),
        (
            "ix_notifications_provider_message_id",
            "notifications",
            "provider_message_id",
        ),
        ("ix_tasks_finished", "tasks", "finished_at"),
    ):
        is_set = sa.text(f"{column} IS NOT NULL")
        op.drop_index(index, table)
        op.create_index(
            index, table, [column], sqlite_where=is_set, postgresql_where=is_set
        )
