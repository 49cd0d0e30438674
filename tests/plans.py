"""How SQLite finds the rows of a question: by an index, or by a look at each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from app.runtime import Runtime

Ask = Callable[[sa.Connection], object]


def plans_of(runtime: Runtime, ask: Ask) -> list[str]:
    """Return the plans of every statement of a question; what it changes is undone."""
    with runtime.database.engine.connect() as tx:
        tx.exec_driver_sql("BEGIN")
        statements = asked(tx, ask)
        tx.rollback()
        return [
            row[3]
            for sql in statements
            if sql.split(maxsplit=1)[0] in ("SELECT", "UPDATE", "DELETE", "WITH")
            for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")
        ]


def asked(tx: sa.Connection, ask: Ask) -> list[str]:
    """Return what SQLite is told meanwhile, with the values in their places."""
    driver: Any = tx.connection.driver_connection
    statements: list[str] = []
    driver.set_trace_callback(statements.append)
    ask(tx)
    driver.set_trace_callback(None)
    return statements
