"""Who wants no messages, how we know, and what customers have written to us."""

from __future__ import annotations

import sqlalchemy as sa

from app.storage.tables.base import metadata
from app.storage.types import Moment

#: Addresses to which nothing, or only the essential, is sent; no row: all may be sent.
suppressions = sa.Table(
    "suppressions",
    metadata,
    sa.Column("channel", sa.String, primary_key=True),
    # Of an erased customer only a keyed hash is left (`services/pseudonyms.py`).
    sa.Column("address", sa.String, primary_key=True),
    # `all`, or `nonessential`: then what must be known is still sent.
    sa.Column("scope", sa.String, nullable=False),
    sa.Column("since", Moment, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("source", sa.String, nullable=False),
)

#: Every consent that was given or withdrawn; rows are added, and never changed.
consents = sa.Table(
    "consents",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("channel", sa.String, nullable=False),
    sa.Column("address", sa.String, nullable=False),
    sa.Column("action", sa.String, nullable=False),
    sa.Column("scope", sa.String, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("how", sa.String, nullable=False),
    # What the customer wrote, or what they agreed to, word for word.
    sa.Column("words", sa.String, nullable=False),
    # The id of what proves it: a message of the inbox, a task, the site's own.
    sa.Column("evidence", sa.String),
    sa.Index("ix_consents_address", "address", "id"),
)

#: What customers chose beside their bookings; no row: as the house has it.
preferences = sa.Table(
    "preferences",
    metadata,
    # A phone number or an e-mail address, whatever channel uses it.
    sa.Column("address", sa.String, primary_key=True),
    # When they are not disturbed, in their time zone: 21:00-08:00.
    sa.Column("quiet_hours", sa.String, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)

#: What customers wrote, for the staff to read.
inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("provider", sa.String, nullable=False),
    sa.Column("provider_message_id", sa.String, nullable=False),
    sa.Column("channel", sa.String, nullable=False),
    sa.Column("address", sa.String, nullable=False),
    sa.Column("sender_name", sa.String, nullable=False),
    sa.Column("text", sa.String, nullable=False),
    sa.Column("received_at", Moment, nullable=False),
    # What it was taken for, for example `cancel`; empty: nothing that Bellhop knows.
    sa.Column("meaning", sa.String, nullable=False),
    sa.Column("booking_id", sa.ForeignKey("bookings.id"), index=True),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("done_at", Moment),
    sa.UniqueConstraint("provider", "provider_message_id"),
    sa.Index("ix_inbox_state", "state", "id"),
    sa.Index("ix_inbox_address", "address", "id"),
)
