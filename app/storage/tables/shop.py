"""What is sold and who has booked it."""

from __future__ import annotations

import sqlalchemy as sa

from app.storage.tables.base import Json, metadata, partial_index
from app.storage.types import Moment

services = sa.Table(
    "services",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("duration_minutes", sa.Integer, nullable=False),
    sa.Column("buffer_minutes", sa.Integer, nullable=False, default=0),
    sa.Column("capacity", sa.Integer, nullable=False),
    sa.Column("price_amount", sa.BigInteger),
    sa.Column("price_currency", sa.String),
    # Minutes before the start at which reminders leave; null: as the policy says.
    sa.Column("reminders", Json),
    sa.Column("active", sa.Boolean, nullable=False, default=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)

_REMINDED = "remind_at IS NOT NULL"

bookings = sa.Table(
    "bookings",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("reference", sa.String, nullable=False, unique=True),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("service_id", sa.ForeignKey("services.id"), nullable=False),
    sa.Column("start", Moment, nullable=False),
    sa.Column("end", Moment, nullable=False),
    sa.Column("party_size", sa.Integer, nullable=False),
    sa.Column("customer_name", sa.String, nullable=False),
    sa.Column("customer_email", sa.String, index=True),
    sa.Column("customer_phone", sa.String, index=True),
    sa.Column("customer_locale", sa.String),
    sa.Column("customer_timezone", sa.String),
    sa.Column("customer_channels", Json),
    sa.Column("notes", sa.String),
    sa.Column("metadata", Json),
    sa.Column("price_amount", sa.BigInteger, nullable=False),
    sa.Column("price_currency", sa.String, nullable=False),
    sa.Column("payment_status", sa.String, nullable=False),
    sa.Column("payment_order_id", sa.String),
    sa.Column("hold_expires_at", Moment),
    sa.Column("told_at", Moment),
    # For which occasion the last reminder was planned: "120m before 2026-12-01T…".
    sa.Column("reminded", sa.String),
    # When its reminders are to be looked at next; null: there are none to come.
    sa.Column("remind_at", Moment),
    # When the customer said that they will come; null again once it is moved.
    sa.Column("attendance_confirmed_at", Moment),
    # Rises with every change: message keys are unique within (booking, revision).
    sa.Column("revision", sa.Integer, nullable=False, default=0),
    # Rises with every change of start, end or status: calendars go by the highest.
    sa.Column("sequence", sa.Integer, nullable=False, default=0),
    # The notification that confirmed it by e-mail: later e-mails stand under it.
    sa.Column("confirmation_id", sa.String),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Index("ix_bookings_place", "service_id", "start"),
    # With the id, by which lists are sorted.
    sa.Index("ix_bookings_start", "start", "id"),
    sa.Index("ix_bookings_starting", "status", "start", "id"),
    partial_index(
        "ix_bookings_remind",
        "remind_at",
        where=_REMINDED,
    ),
    sa.Index("ix_bookings_hold", "status", "hold_expires_at"),
)

payments = sa.Table(
    "payments",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("booking_id", sa.ForeignKey("bookings.id"), nullable=False, index=True),
    sa.Column("provider", sa.String, nullable=False),
    sa.Column("reference", sa.String, nullable=False),
    sa.Column("order_id", sa.String),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    # A cheap booking's payment can never confirm a dear one.
    sa.UniqueConstraint("provider", "reference"),
)
