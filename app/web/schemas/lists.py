"""Lists: how many, from where on, and what is answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from app.errors import InvalidError, Problem
from app.web.schemas.fields import QueryModel

LONGEST_PAGE = 200
#: The largest number that a database counts its rows with.
_LARGEST_SEQ = 2**63 - 1


class PageQuery(QueryModel):
    """Which page of a list: `cursor` is the `next_cursor` of the page before."""

    limit: Annotated[int, Field(ge=1, le=LONGEST_PAGE)] = 50
    cursor: Annotated[str, Field(max_length=100)] | None = None


def page_answer(
    rows: Sequence[Any], *, limit: int, cursors: Sequence[str]
) -> dict[str, Any]:
    """Write a page; `cursors` are those of the rows, of which one too many was read."""
    more = len(rows) > limit
    return {
        "data": list(rows[:limit]),
        "next_cursor": cursors[limit - 1] if more else None,
    }


def id_cursor(cursor: str | None) -> str | None:
    """Return the id after which a page begins; raise InvalidError for none of ours."""
    try:
        return cursor and str(UUID(cursor))
    except ValueError:
        raise _no_cursor() from None


def seq_cursor(cursor: str | None) -> int | None:
    """Return the number after which a page begins; InvalidError for none of ours."""
    if cursor is None:
        return None
    digits = cursor.isascii() and cursor.isdigit()
    if not digits or int(cursor) > _LARGEST_SEQ:
        raise _no_cursor()
    return int(cursor)


def _no_cursor() -> InvalidError:
    return InvalidError([Problem("cursor", "is not the next_cursor of any page")])
