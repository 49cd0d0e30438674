"""A group of tasks has a key of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    # Groups of before have none. Their tasks keep theirs, which nothing doubles.
    op.add_column("task_groups", sa.Column("dedupe_key", sa.String(), nullable=True))
    op.create_index(
        "ix_task_groups_dedupe_key", "task_groups", ["dedupe_key"], unique=True
    )
