"""It is known when a provider last did not answer in time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    op.add_column("circuits", sa.Column("timed_out_at", sa.BigInteger(), nullable=True))
