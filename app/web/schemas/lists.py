"""Lists: how many, from where on, and what is answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from app.web.schemas.fields import RequestModel

LONGEST_PAGE = 200


class PageQuery(RequestModel):
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
