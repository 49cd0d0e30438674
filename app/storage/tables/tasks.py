"""Tasks and what only a message needs: notifications, and every attempt."""

from __future__ import annotations

import sqlalchemy as sa

from app.storage.tables.base import Json, metadata, partial_index
from app.storage.types import Moment

#: Conditions of partial indexes, written out in full: a database uses such an index
#: only where it sees the very same condition in a query (`storage/releasing.py`).
WAITING = "status IN ('pending', 'retrying')"
HELD = "worker_boot_id IS NOT NULL"
UNSENT = "status IN ('pending', 'queued', 'retrying', 'failed')"
FINISHED = "finished_at IS NOT NULL"
HOLDING_BACK = "status IN ('pending', 'queued', 'sending', 'retrying', 'unknown')"

#: Stands in an attempt at a task of one's own in place of a provider.
NO_PROVIDER = ""

tasks = sa.Table(
    "tasks",
    metadata,
    # Rises in the order in which tasks were planned.
    sa.Column(
        "seq",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("queue", sa.String, nullable=False),
    # Queue and gate in one (`domain/lanes.py`): rows of one lane are let out, or held
    # back, together.
    sa.Column("lane", sa.String, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False, default=""),
    sa.Column("booking_id", sa.ForeignKey("bookings.id"), index=True),
    sa.Column("dedupe_key", sa.String, unique=True),
    # Tasks with the same key leave in the order in which they were planned.
    sa.Column("order_key", sa.String),
    sa.Column("args", Json, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("quick_tries", sa.Integer, nullable=False, default=0),
    sa.Column("rounds", sa.Integer, nullable=False, default=0),
    sa.Column("resends", sa.Integer, nullable=False, default=0),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("next_attempt_at", Moment),
    sa.Column("useful_until", Moment, nullable=False),
    # When the doorbell was last rung for it.
    sa.Column("rung_at", Moment),
    # The boot id of the worker that holds it, and a token that guards its writes.
    sa.Column("worker_boot_id", sa.String),
    sa.Column("claim", sa.String),
    sa.Column("finished_at", Moment),
    sa.Column("updated_at", Moment, nullable=False),
    # In the order in which they leave, so that the first few are found at once; the
    # last one tells of a row that is not due yet without a look at the row itself.
    partial_index(
        "ix_tasks_leaving",
        "lane",
        "priority",
        "useful_until",
        "seq",
        "next_attempt_at",
        where=WAITING,
    ),
    # In the order in which they fall due.
    partial_index(
        "ix_tasks_due",
        "lane",
        "next_attempt_at",
        where=WAITING,
    ),
    partial_index(
        "ix_tasks_order",
        "order_key",
        "seq",
        where=HOLDING_BACK,
    ),
    # What is over has no next attempt, and so stands here in the order of `seq`.
    sa.Index("ix_tasks_status", "status", "next_attempt_at", "seq"),
    # For lists: none of the columns ever changes.
    sa.Index("ix_tasks_kind", "kind", "lane", "seq"),
    # In the order in which they become useless.
    partial_index(
        "ix_tasks_useful",
        "useful_until",
        where=UNSENT,
    ),
    partial_index(
        "ix_tasks_held",
        "worker_boot_id",
        where=HELD,
    ),
    partial_index(
        "ix_tasks_finished",
        "finished_at",
        where=FINISHED,
    ),
    sqlite_autoincrement=True,
)

notifications = sa.Table(
    "notifications",
    metadata,
    sa.Column(
        "task_id",
        sa.ForeignKey("tasks.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("channel", sa.String, nullable=False),
    sa.Column("recipient", sa.String, nullable=False, index=True),
    sa.Column("recipient_name", sa.String, nullable=False),
    sa.Column("locale", sa.String, nullable=False),
    sa.Column("timezone", sa.String, nullable=False),
    # The version of the owner's own words that it was planned with; null: ours.
    sa.Column("template_id", sa.String),
    # The ladder whose rung it is; null: it stands alone.
    sa.Column("ladder_id", sa.String),
    sa.Column("provider", sa.String),
    sa.Column("provider_message_id", sa.String),
    sa.Column("sent_at", Moment),
    sa.Column("delivered_at", Moment),
    # Only of those that have one: most stand on no ladder, and none is named yet.
    *(
        partial_index(
            f"ix_notifications_{name}",
            name,
            where=f"{name} IS NOT NULL",
        )
        for name in ("ladder_id", "provider_message_id")
    ),
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column(
        "task_id",
        sa.ForeignKey("tasks.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("number", sa.Integer, primary_key=True),
    # Through which gate it left: a rate limit counts by this.
    sa.Column("gate", sa.String, nullable=False),
    sa.Column("provider", sa.String, nullable=False),
    # The words as sent: what a look-up at the provider compares.
    sa.Column("text", sa.String, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    # Null while the provider is being called; the row is committed before the call.
    sa.Column("ended_at", Moment),
    sa.Column("outcome", sa.String),
    sa.Column("code", sa.String, nullable=False, default=""),
    sa.Column("reason", sa.String, nullable=False, default=""),
    # What it cost, once it was accepted: SMS are billed by the segment, and a price is
    # in millionths of the currency's main unit. Null: not known, or it costs nothing.
    sa.Column("segments", sa.Integer),
    sa.Column("cost_micros", sa.BigInteger),
    sa.Column("cost_currency", sa.String),
    sa.Index("ix_attempts_gate", "gate", "started_at"),
)
