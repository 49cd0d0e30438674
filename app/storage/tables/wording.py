"""The owner's own words: every version that was ever written, one row each."""

from __future__ import annotations

import sqlalchemy as sa

from app.storage.tables.base import metadata, partial_index
from app.storage.types import Moment

#: Condition of a partial index, as in `tables/tasks.py`.
LIVE = "state = 'live'"

#: A version's words never change, only its state: messages that wait are pinned to it.
template_versions = sa.Table(
    "template_versions",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("channel", sa.String, nullable=False),
    sa.Column("language", sa.String, nullable=False),
    # From 1; the words that come with Bellhop are version 0 and have no row.
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("text", sa.String, nullable=False),
    sa.Column("html", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("note", sa.String, nullable=False),
    sa.Column("created_by", sa.String, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    # Null: it never was in force, or was taken back.
    sa.Column("published_at", Moment),
    sa.UniqueConstraint("kind", "channel", "language", "version"),
    # Of each text one version is in force at most, whoever publishes at once.
    partial_index(
        "ix_template_versions_live",
        "kind",
        "channel",
        "language",
        unique=True,
        where=LIVE,
    ),
)
