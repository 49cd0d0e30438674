"""Ladders of channels that are being climbed, and those that were."""

from __future__ import annotations

import sqlalchemy as sa

from app.storage.tables.base import Json, metadata, partial_index
from app.storage.types import Moment

#: Condition of a partial index, written out in full as in `tables/tasks.py`.
CLIMBED = "state = 'open'"

ladders = sa.Table(
    "ladders",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    # No foreign keys: bookings and messages may be cleaned up before.
    sa.Column("booking_id", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    # What makes its messages unique within the booking.
    sa.Column("occasion", sa.String, nullable=False),
    sa.Column("rungs", Json, nullable=False),
    # The place of the rung that is on its way, and its message.
    sa.Column("rung", sa.Integer, nullable=False),
    sa.Column("task_id", sa.String, nullable=False),
    # When the next rung goes, unless this one has arrived by then.
    sa.Column("climb_at", Moment, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("created_at", Moment, nullable=False, index=True),
    partial_index(
        "ix_ladders_open",
        "climb_at",
        where=CLIMBED,
    ),
)
