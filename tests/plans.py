"""How SQLite finds the rows of a question: by an index, or by a look at each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from app.runtime import Runtime

Ask = Callable[[sa.Connection], Any]


def plan_of(runtime: Runtime, ask: Ask) -> str:
    """Return the plans of every statement of a question, in one line."""
    plans: list[str] = []

    @sa.event.listens_for(runtime.database.engine, "before_cursor_execute")
    def explain(
        connection: sa.Connection, _cursor: Any, sql: str, given: Any, *_more: Any
    ) -> None:
        cursor = connection.connection.cursor()
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", given)
        plans.extend(row[3] for row in cursor.fetchall())

    with runtime.database.engine.connect() as tx:
        ask(tx)
        tx.rollback()
    return " | ".join(plans)
