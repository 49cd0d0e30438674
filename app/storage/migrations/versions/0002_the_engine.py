"""The engine: lanes and gates, tasks of one's own, leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_WAITING = sa.text("status IN ('pending', 'retrying')")
_UNSENT = sa.text("status IN ('pending', 'queued', 'retrying', 'failed')")


def upgrade() -> None:
    """Bring the tables forward."""
    _new_tables()
    # Never by copying: SQLite would delete what hangs on the table it drops.
    op.add_column(
        "tasks", sa.Column("lane", sa.String(), nullable=False, server_default="")
    )
    op.execute("UPDATE tasks SET lane = queue")
    op.drop_index("ix_tasks_leaving", table_name="tasks")
    _index_waiting(
        "ix_tasks_leaving",
        ["lane", "priority", "useful_until", "seq", "next_attempt_at"],
    )
    _index_waiting("ix_tasks_due", ["lane", "next_attempt_at"])
    _index_lists()
    op.create_index(
        "ix_tasks_useful",
        "tasks",
        ["useful_until"],
        sqlite_where=_UNSENT,
        postgresql_where=_UNSENT,
    )
    op.create_index(
        "ix_tasks_held",
        "tasks",
        ["worker_boot_id"],
        sqlite_where=sa.text("worker_boot_id IS NOT NULL"),
        postgresql_where=sa.text("worker_boot_id IS NOT NULL"),
    )
    op.add_column(
        "attempts", sa.Column("gate", sa.String(), nullable=False, server_default="")
    )
    op.execute(
        "UPDATE attempts SET gate = "
        "(SELECT queue FROM tasks WHERE tasks.id = attempts.task_id)"
    )
    op.create_index("ix_attempts_gate", "attempts", ["gate", "started_at"])
    op.add_column("jobs", sa.Column("requested_at", sa.BigInteger(), nullable=True))
    op.add_column("jobs", sa.Column("next_run_at", sa.BigInteger(), nullable=True))
    op.add_column("jobs", sa.Column("running_since", sa.BigInteger(), nullable=True))
    # Copied on SQLite; nothing hangs on this table.
    with op.batch_alter_table("jobs") as jobs:
        jobs.alter_column("started_at", existing_type=sa.BigInteger(), nullable=True)


def _index_lists() -> None:
    """Let each list be found without a look at every row."""
    op.create_index("ix_tasks_kind", "tasks", ["kind", "lane", "seq"])
    longer = {
        "ix_tasks_status": ("tasks", ["status", "next_attempt_at", "seq"]),
        "ix_bookings_start": ("bookings", ["start", "id"]),
        "ix_bookings_starting": ("bookings", ["status", "start", "id"]),
    }
    for name, (table, columns) in longer.items():
        op.drop_index(name, table_name=table)
        op.create_index(name, table, columns)
    for column in ("customer_email", "customer_phone"):
        op.create_index(op.f(f"ix_bookings_{column}"), "bookings", [column])


def _index_waiting(name: str, columns: list[str]) -> None:
    op.create_index(
        name, "tasks", columns, sqlite_where=_WAITING, postgresql_where=_WAITING
    )


def _new_tables() -> None:
    op.create_table(
        "task_groups",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("then_task_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_groups")),
    )
    op.create_index(op.f("ix_task_groups_finished_at"), "task_groups", ["finished_at"])
    op.create_table(
        "own_tasks",
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("progress", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["tasks.id"],
            name=op.f("fk_own_tasks_task_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["task_groups.id"], name=op.f("fk_own_tasks_group_id")
        ),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_own_tasks")),
    )
    op.create_index("ix_own_tasks_group", "own_tasks", ["group_id", "task_id"])
    op.create_table(
        "task_links",
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("after_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["tasks.id"],
            name=op.f("fk_task_links_task_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["after_id"],
            ["tasks.id"],
            name=op.f("fk_task_links_after_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("task_id", "after_id", name=op.f("pk_task_links")),
    )
    op.create_index(op.f("ix_task_links_after_id"), "task_links", ["after_id"])
    op.create_table(
        "queue_states",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("paused_at", sa.BigInteger(), nullable=True),
        sa.Column("paused_until", sa.BigInteger(), nullable=True),
        sa.Column("paused_by", sa.String(), nullable=False),
        sa.Column("pause_reason", sa.String(), nullable=False),
        sa.Column("overrides", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_queue_states")),
    )
    op.create_table(
        "circuits",
        sa.Column("gate", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("timeouts", sa.Integer(), nullable=False),
        sa.Column("open_until", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("pause_ms", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("gate", "provider", name=op.f("pk_circuits")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
