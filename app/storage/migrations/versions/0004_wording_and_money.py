"""Wording and money: the owner's own words, what messages cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_LIVE = sa.text("state = 'live'")


def upgrade() -> None:
    """Bring the tables forward."""
    op.create_table(
        "template_versions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("html", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_versions")),
        sa.UniqueConstraint(
            "kind",
            "channel",
            "language",
            "version",
            name=op.f("uq_template_versions_kind_channel_language_version"),
        ),
    )
    op.create_index(
        "ix_template_versions_live",
        "template_versions",
        ["kind", "channel", "language"],
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    )
    op.create_table(
        "daily_costs",
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "day",
            "channel",
            "kind",
            "provider",
            "currency",
            name=op.f("pk_daily_costs"),
        ),
    )
    op.create_table(
        "spending",
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("period", "currency", name=op.f("pk_spending")),
    )
    op.add_column("notifications", sa.Column("template_id", sa.String(), nullable=True))
    op.add_column("attempts", sa.Column("segments", sa.Integer(), nullable=True))
    op.add_column("attempts", sa.Column("cost_micros", sa.BigInteger(), nullable=True))
    op.add_column("attempts", sa.Column("cost_currency", sa.String(), nullable=True))
