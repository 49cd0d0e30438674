"""What providers have told us by webhook: kept as it came, before it is acted upon."""

from __future__ import annotations

import sqlalchemy as sa

from app.storage.tables.base import Json, metadata, partial_index
from app.storage.types import Moment

#: Condition of a partial index, written out in full as in `tables/tasks.py`.
LOOKED_AT_AGAIN = "next_look_at IS NOT NULL"

provider_events = sa.Table(
    "provider_events",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("provider", sa.String, nullable=False),
    # The same event again has the same one.
    sa.Column("event_id", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("received_at", Moment, nullable=False),
    # As it came: a form, or JSON.
    sa.Column("body", sa.String, nullable=False),
    # What was read in it.
    sa.Column("facts", Json, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    # No foreign key: the message may be cleaned up before.
    sa.Column("task_id", sa.String, index=True),
    # Null: it is settled.
    sa.Column("next_look_at", Moment),
    sa.Column("looks", sa.Integer, nullable=False),
    sa.UniqueConstraint("provider", "event_id"),
    partial_index(
        "ix_provider_events_look",
        "next_look_at",
        where=LOOKED_AT_AGAIN,
    ),
    sa.Index("ix_provider_events_received", "provider", "received_at"),
)
