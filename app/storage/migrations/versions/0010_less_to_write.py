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
    for name in ("ladder_id", "provider_message_id"):
        op.drop_index(f"ix_notifications_{name}", "notifications")
        op.create_index(
            f"ix_notifications_{name}",
            "notifications",
            [name],
            sqlite_where=sa.text(f"{name} IS NOT NULL"),
            postgresql_where=sa.text(f"{name} IS NOT NULL"),
        )
