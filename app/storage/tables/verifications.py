"""One-time codes: what was asked for, never the code itself or the whole address."""

from __future__ import annotations

import sqlalchemy as sa

from app.storage.tables.base import metadata
from app.storage.types import Moment

verifications = sa.Table(
    "verifications",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("channel", sa.String, nullable=False),
    # Keyed hashes: enough to count by.
    sa.Column("recipient", sa.String, nullable=False),
    sa.Column("visitor", sa.String),
    # What a block of numbers has in common; empty for e-mail.
    sa.Column("prefix", sa.String, nullable=False),
    # Keyed; empty: it is of no use any more.
    sa.Column("code", sa.String, nullable=False),
    # No foreign key: the message may be cleaned up before.
    sa.Column("task_id", sa.String, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("tries_left", sa.Integer, nullable=False),
    sa.Column("verified_at", Moment),
    sa.Index("ix_verifications_recipient", "recipient", "created_at"),
    sa.Index("ix_verifications_visitor", "visitor", "created_at"),
    sa.Index("ix_verifications_prefix", "prefix", "created_at"),
    sa.Index("ix_verifications_created", "created_at"),
)

#: Channels over which no codes are sent until then, because of an attack.
stopped_codes = sa.Table(
    "stopped_codes",
    metadata,
    sa.Column("channel", sa.String, primary_key=True),
    sa.Column("until", Moment, nullable=False),
)
