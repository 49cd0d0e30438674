"""Every table, once; the migrations bring a database to it, and a test compares them.

One table holds all tasks with the engine's columns; what only a message needs stands
beside it, and attempts have their own.
"""

from __future__ import annotations

import sqlalchemy as sa

from app.storage.types import Moment

#: What is not there is NULL, not the JSON word `null`.
Json = sa.JSON(none_as_null=True)

#: Conditions of partial indexes, written out in full: a database uses such an index
#: only where it sees the very same condition in a query (`storage/releasing.py`).
WAITING = "status IN ('pending', 'retrying')"
HELD = "worker_boot_id IS NOT NULL"
HOLDING_BACK = "status IN ('pending', 'queued', 'sending', 'retrying', 'unknown')"

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: One row: what this installation is called, for example in Redis.
installation = sa.Table(
    "installation",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("created_at", Moment, nullable=False),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("scope", sa.String, nullable=False),
    # SHA-256 of at least 128 random bits: the key itself is shown once and not kept.
    sa.Column("digest", sa.String, nullable=False, unique=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("revoked_at", Moment),
)

#: Answers to requests that carried an Idempotency-Key, kept for 24 hours.
idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("scope", sa.String, primary_key=True),
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("fingerprint", sa.String, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("body", sa.String, nullable=False),
    sa.Column("created_at", Moment, nullable=False, index=True),
)

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

bookings = sa.Table(
    "bookings",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("reference", sa.String, nullable=False, unique=True),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("service_id", sa.ForeignKey("services.id"), nullable=False),
    sa.Column("start", Moment, nullable=False, index=True),
    sa.Column("end", Moment, nullable=False),
    sa.Column("party_size", sa.Integer, nullable=False),
    sa.Column("customer_name", sa.String, nullable=False),
    sa.Column("customer_email", sa.String),
    sa.Column("customer_phone", sa.String),
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
    # Rises with every change: message keys are unique within (booking, revision).
    sa.Column("revision", sa.Integer, nullable=False, default=0),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Index("ix_bookings_place", "service_id", "start"),
    sa.Index("ix_bookings_starting", "status", "start"),
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
    sa.Index(
        "ix_tasks_leaving",
        "lane",
        "priority",
        "useful_until",
        "seq",
        "next_attempt_at",
        sqlite_where=sa.text(WAITING),
        postgresql_where=sa.text(WAITING),
    ),
    # In the order in which they fall due.
    sa.Index(
        "ix_tasks_due",
        "lane",
        "next_attempt_at",
        sqlite_where=sa.text(WAITING),
        postgresql_where=sa.text(WAITING),
    ),
    sa.Index(
        "ix_tasks_order",
        "order_key",
        "seq",
        sqlite_where=sa.text(HOLDING_BACK),
        postgresql_where=sa.text(HOLDING_BACK),
    ),
    sa.Index("ix_tasks_status", "status", "next_attempt_at"),
    sa.Index(
        "ix_tasks_held",
        "worker_boot_id",
        sqlite_where=sa.text(HELD),
        postgresql_where=sa.text(HELD),
    ),
    sa.Index("ix_tasks_finished", "finished_at"),
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
    sa.Column("provider", sa.String),
    sa.Column("provider_message_id", sa.String),
    sa.Column("sent_at", Moment),
    sa.Column("delivered_at", Moment),
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
    sa.Index("ix_attempts_gate", "gate", "started_at"),
)

#: Beside a task that is no message: one of the owner's own kinds.
own_tasks = sa.Table(
    "own_tasks",
    metadata,
    sa.Column(
        "task_id",
        sa.ForeignKey("tasks.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("group_id", sa.ForeignKey("task_groups.id")),
    # What its function returned, and what it last reported while it ran.
    sa.Column("result", Json),
    sa.Column("progress", Json),
    # So that the last of a group is found at once.
    sa.Index("ix_own_tasks_group", "group_id", "task_id"),
)

#: Tasks that belong together, and the one that follows when all of them have ended.
task_groups = sa.Table(
    "task_groups",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False, default=""),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("then_task_id", sa.String),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("finished_at", Moment, index=True),
)

#: A task waits until each of those that it comes after is done.
task_links = sa.Table(
    "task_links",
    metadata,
    sa.Column(
        "task_id",
        sa.ForeignKey("tasks.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column(
        "after_id",
        sa.ForeignKey("tasks.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
)

#: What was decided about a queue at run time; no row: its policy, and not paused.
queue_states = sa.Table(
    "queue_states",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("paused_at", Moment),
    # Null while `paused_at` is set: until a person resumes it.
    sa.Column("paused_until", Moment),
    sa.Column("paused_by", sa.String, nullable=False, default=""),
    sa.Column("pause_reason", sa.String, nullable=False, default=""),
    # Values of the policy that hold instead of the file's, as the file writes them.
    sa.Column("overrides", Json, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)

#: A provider that has failed of late; no row: it is well.
circuits = sa.Table(
    "circuits",
    metadata,
    sa.Column("gate", sa.String, primary_key=True),
    sa.Column("provider", sa.String, primary_key=True),
    # In a row, and how many of them were time-outs.
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("timeouts", sa.Integer, nullable=False),
    # Null: not open. Past: one message may try.
    sa.Column("open_until", Moment),
    sa.Column("opened_at", Moment),
    # Milliseconds; the next one is twice as long.
    sa.Column("pause_ms", sa.Integer, nullable=False, default=0),
    sa.Column("reason", sa.String, nullable=False, default=""),
    sa.Column("updated_at", Moment, nullable=False),
)

#: Who alone may do something, for example lead the schedulers, and until when.
leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("holder", sa.String, nullable=False),
    # Host and process, for people.
    sa.Column("place", sa.String, nullable=False),
    sa.Column("taken_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
)

#: Each living worker; what a dead one held is taken over by its boot id.
workers = sa.Table(
    "workers",
    metadata,
    sa.Column("boot_id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("host", sa.String, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("heartbeat_at", Moment, nullable=False),
)

#: The scheduler's heartbeat and jobs: when each last ran and how it ended.
jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    # Null: it has never run.
    sa.Column("started_at", Moment),
    sa.Column("succeeded_at", Moment),
    sa.Column("error", sa.String, nullable=False, default=""),
    # When somebody asked for a run out of turn; null once it has begun.
    sa.Column("requested_at", Moment),
    sa.Column("next_run_at", Moment),
    # Since when it has been running; only of one that takes longer than a moment.
    sa.Column("running_since", Moment),
)

#: What cleaned-up messages leave behind: how many ended how, by day.
daily_counts = sa.Table(
    "daily_counts",
    metadata,
    # Days since 1970, in UTC, on which the messages ended.
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("channel", sa.String, primary_key=True),
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("status", sa.String, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
)
