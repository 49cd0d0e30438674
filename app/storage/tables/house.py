"""The house itself: keys, workers, jobs, leases, and what is decided at run time."""

from __future__ import annotations

import sqlalchemy as sa

from app.storage.tables.base import Json, metadata
from app.storage.types import Moment

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

#: A provider that has failed of late; no row: nothing is held against it.
circuits = sa.Table(
    "circuits",
    metadata,
    sa.Column("gate", sa.String, primary_key=True),
    sa.Column("provider", sa.String, primary_key=True),
    # In a row; the time-outs of late, also where calls went well in between.
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("timeouts", sa.Integer, nullable=False),
    sa.Column("timed_out_at", Moment),
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
