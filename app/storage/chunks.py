"""Statements over many ids, some at a time: PostgreSQL takes 65,535 values in one.

Used by the SQL of one's own tasks, of which any number may follow one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import sqlalchemy as sa

AT_ONCE = 500


def chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    """Return the ids in lists that are short enough for a statement."""
    left = iter(ids)
    while some := list(islice(left, AT_ONCE)):
        yield some


def in_chunks(
    tx: sa.Connection,
    statement: sa.Select[Any] | sa.Update,
    column: sa.Column[Any],
    ids: Iterable[str],
) -> list[sa.Row[Any]]:
    """Execute a statement where the column is one of the ids; return all its rows."""
    found: list[sa.Row[Any]] = []
    for some in chunks(ids):
        result = tx.execute(statement.where(column.in_(some)))
        if result.returns_rows:
            found += result
    return found
