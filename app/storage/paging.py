"""A page of a long list: a few rows are looked at, until it is full.

Called by the lists in `storage/`. Each tells by which index its keys are found; what is
left of a filter is asked of the rows. No request looks at more than `LOOKS_AT` rows:
what suits a filter so seldom that the page is not full by then comes on later pages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

Key = TypeVar("Key", int, str)
Row = TypeVar("Row")

#: How a column is asked for in a condition.
Reading = Callable[[sa.ColumnElement[Any]], sa.ColumnElement[Any]]

#: Rows that a request looks at before it answers with what it has found.
LOOKS_AT = 5_000
#: Those that it looks at first, beyond the length of the page.
FIRST_GLANCE = 50
#: Rows read with one statement.
ROWS_AT_ONCE = 500


def by_index(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return the column, by which a database may find its rows."""
    return column


def by_row(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return the column as it is read of rows that are found already.

    By itself a database would find them anew, by an index on that column.
    """
    return sa.func.coalesce(column, column)


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Row, Key]):
    """Rows, and the key after which the next page goes on (None: at the end)."""

    rows: Sequence[Row]
    next: Key | None


def fill(
    *,
    keys: Callable[[Key | None, int], Sequence[Key]],
    rows_of: Callable[[Sequence[Key], int], Sequence[Row]],
    key_of: Callable[[Row], Key],
    after: Key | None,
    limit: int,
) -> Page[Row, Key]:
    """Return at most `limit` rows; there may be fewer, or none, before the end.

    `keys` gives so many that follow a key, in the list's order; `rows_of` the first
    rows, so many at most, among those keys that suit the filter.
    """
    rows: list[Row] = []
    for wanted in (limit + FIRST_GLANCE, LOOKS_AT):
        found = keys(after, wanted)
        for start in range(0, len(found), ROWS_AT_ONCE):
            some = found[start : start + ROWS_AT_ONCE]
            rows += rows_of(some, limit + 1 - len(rows))
            if len(rows) > limit:
                return Page(rows=rows[:limit], next=key_of(rows[limit - 1]))
        if len(found) < wanted:
            return Page(rows=rows, next=None)
        after = found[-1]
    return Page(rows=rows, next=after)
