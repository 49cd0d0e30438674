"""What providers tell of messages later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_AGAIN = sa.text("next_look_at IS NOT NULL")


def upgrade() -> None:
    """Bring the tables forward."""
    op.create_table(
        "provider_events",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=True),
        sa.Column("next_look_at", sa.BigInteger(), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_events")),
        sa.UniqueConstraint(
            "provider", "event_id", name=op.f("uq_provider_events_provider_event_id")
        ),
    )
    op.create_index("ix_provider_events_task_id", "provider_events", ["task_id"])
    op.create_index(
        "ix_provider_events_look",
        "provider_events",
        ["next_look_at"],
        sqlite_where=_AGAIN,
        postgresql_where=_AGAIN,
    )
    op.create_index(
        "ix_provider_events_received", "provider_events", ["provider", "received_at"]
    )
    op.create_index(
        "ix_notifications_provider_message_id",
        "notifications",
        ["provider_message_id"],
    )
