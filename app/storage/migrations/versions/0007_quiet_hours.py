"""Quiet hours that customers choose, and when a booking's reminders are due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_REMINDED = sa.text("remind_at IS NOT NULL")


def upgrade() -> None:
    """Bring the tables forward."""
    op.create_table(
        "preferences",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("quiet_hours", sa.String(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_preferences")),
    )
    op.add_column("bookings", sa.Column("remind_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_bookings_remind",
        "bookings",
        ["remind_at"],
        sqlite_where=_REMINDED,
        postgresql_where=_REMINDED,
    )
    # The next run looks at each once, and finds when its reminders are due.
    op.execute("UPDATE bookings SET remind_at = 0 WHERE status = 'confirmed'")
