"""How SQLite finds the rows of a question: by an index, or by a look at each.

Each statement is explained with its values beside it, as it is run: with the values in
their places SQLite would know more, and use indexes that it does not use in fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from app.runtime import Runtime
from app.storage import driver

Ask = Callable[[sa.Connection], object]


def plans_of(runtime: Runtime, ask: Ask) -> list[str]:
    """Return the plans of every statement of a question; what it changes is undone."""
    with runtime.database.engine.connect() as tx:
        tx.exec_driver_sql("BEGIN")
        with statements(tx) as found:
            ask(tx)
        tx.rollback()
        sqlite: Any = tx.connection.dbapi_connection
        return [
            row[3]
            for sql, values in found
            if sql.split(maxsplit=1)[0] in ("SELECT", "UPDATE", "DELETE", "WITH")
            for row in sqlite.execute(f"EXPLAIN QUERY PLAN {sql}", values)
        ]


@contextmanager
def statements(tx: sa.Connection) -> Iterator[list[tuple[str, Any]]]:
    """Collect what the database is told meanwhile, with each statement's values."""
    found: list[tuple[str, Any]] = []

    def through_sqlalchemy(*told: Any) -> None:
        found.append((told[2], told[3]))

    def noted(run: Callable[..., Any]) -> Callable[..., Any]:
        def past_it(tx: sa.Connection, sql: str, values: Any = ()) -> Any:
            found.append((sql, values))
            return run(tx, sql, values)

        return past_it

    with pytest.MonkeyPatch.context() as patch:
        for name in ("rows", "change"):
            patch.setattr(driver, name, noted(getattr(driver, name)))
        sa.event.listen(tx, "before_cursor_execute", through_sqlalchemy)
        yield found
        sa.event.remove(tx, "before_cursor_execute", through_sqlalchemy)
