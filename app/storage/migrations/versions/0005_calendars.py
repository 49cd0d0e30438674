"""What calendars and threads of e-mails need of a booking."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    op.add_column(
        "bookings",
        sa.Column("sequence", sa.Integer(), nullable=False, server_default="0"),
    )
    op.add_column("bookings", sa.Column("confirmation_id", sa.String(), nullable=True))
    # Whoever has the confirmation in a mailbox sees later e-mails under it, too.
    op.execute(
        "UPDATE bookings SET confirmation_id = ("
        "SELECT min(tasks.id) FROM tasks "
        "JOIN notifications ON notifications.task_id = tasks.id "
        "WHERE tasks.booking_id = bookings.id AND tasks.kind = 'booking_confirmed' "
        "AND notifications.channel = 'email')"
    )
