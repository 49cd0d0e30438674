"""Ladders of channels."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    """Bring the tables forward."""
    op.create_table(
        "ladders",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("booking_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("rungs", sa.JSON(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("climb_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ladders")),
    )
    op.create_index("ix_ladders_created_at", "ladders", ["created_at"])
    op.create_index(
        "ix_ladders_open",
        "ladders",
        ["climb_at"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.add_column("notifications", sa.Column("ladder_id", sa.String(), nullable=True))
    op.create_index("ix_notifications_ladder_id", "notifications", ["ladder_id"])
