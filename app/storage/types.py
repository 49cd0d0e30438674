"""Column types that keep what databases would lose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

#: A row by its columns' names; SQLAlchemy's `RowMapping` is one, too.
Row = Mapping[Any, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware moment, kept as whole milliseconds since 1970 in UTC.

    SQLite forgets time zones (12:00+05:30 comes back as a naive 12:00), so numbers are
    stored, which also sort and compare alike everywhere. Naive times are refused.
    """

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Any) -> int | None:
        """Turn an aware datetime into milliseconds."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive time cannot be stored: {value}")
        return (value - _EPOCH) // _MILLISECOND

    def process_result_value(self, value: Any, _dialect: Any) -> datetime | None:
        """Turn milliseconds into an aware datetime in UTC."""
        return None if value is None else moment_of(value)


def moment_of(stored: int) -> datetime:
    """Return the moment that a row keeps as milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=stored)
