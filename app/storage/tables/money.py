"""What messages cost, by day: for people and for the budget."""

from __future__ import annotations

import sqlalchemy as sa

from app.storage.tables.base import metadata

#: What was accepted and what it cost, kept when the messages themselves are forgotten.
daily_costs = sa.Table(
    "daily_costs",
    metadata,
    # In the business's own time zone, as bills and budgets are: 2026-11-27.
    sa.Column("day", sa.String, primary_key=True),
    sa.Column("channel", sa.String, primary_key=True),
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("provider", sa.String, primary_key=True),
    sa.Column("currency", sa.String, primary_key=True),
    sa.Column("messages", sa.Integer, nullable=False),
    sa.Column("segments", sa.Integer, nullable=False),
    # Millionths of the currency's main unit: an SMS costs 0.0083 of one.
    sa.Column("micros", sa.BigInteger, nullable=False),
)
