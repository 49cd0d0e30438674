"""Statements of the hot path, compiled once.

SQLAlchemy looks each statement up in its cache, and puts its values together, each time
anew: with what `driver.py` spares, a quarter of what a delivery took, and half of what
a booking did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler

from app.storage import driver

_Convert = Callable[[Any], Any]


class Prepared:
    """A statement with named parameters that is run again and again.

    `values` has every parameter by its name. One that is missing is a KeyError, or
    PostgreSQL's ProgrammingError; one too many is not looked at.
    """

    def __init__(self, statement: sa.ClauseElement) -> None:
        """Keep the statement; it is compiled when it is first run."""
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def rows(
        self, tx: sa.Connection, values: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        """Run it; return its rows as the driver gives them: moments in milliseconds."""
        it = self._for(tx.dialect)
        return driver.rows(tx, it.sql, it.arguments(values))

    def mappings(
        self, tx: sa.Connection, values: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Run a SELECT; return its rows by their columns' names, in Python's types."""
        it = self._for(tx.dialect)
        found = [
            dict(zip(it.columns, row, strict=True))
            for row in driver.rows(tx, it.sql, it.arguments(values))
        ]
        for name, read in it.read.items():
            for row in found:
                row[name] = read(row[name])
        return found

    def change(self, tx: sa.Connection, values: Mapping[str, Any]) -> int:
        """Run it without RETURNING; return how many rows it changed."""
        it = self._for(tx.dialect)
        return driver.change(tx, it.sql, it.arguments(values))

    def _for(self, dialect: sa.Dialect) -> _Compiled:
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = self._compile(dialect)
        return compiled

    def _compile(self, dialect: sa.Dialect) -> _Compiled:
        made = cast("SQLCompiler", self._statement.compile(dialect=dialect))
        if made.post_compile_params:
            raise ValueError("a list of values is put into a statement each time")
        # Under its last name alone: `binds` has an anonymous one under its first, too.
        binds = {name: bind for bind, name in made.bind_names.items()}
        columns: Mapping[str, Any] = getattr(self._statement, "selected_columns", {})
        return _Compiled(
            sql=made.string,
            order=made.positiontup,
            constants={
                **{name: it.value for name, it in binds.items() if not it.required},
                **_defaults(made),
            },
            convert=_converters(binds, lambda type_: _binding(type_, dialect), dialect),
            columns=tuple(columns.keys()),
            read=_converters(
                columns, lambda type_: type_.result_processor(dialect, None), dialect
            ),
        )


def _defaults(made: SQLCompiler) -> dict[str, Any]:
    """Return the defaults of columns that an INSERT does not name: values alone."""
    columns = made.insert_prefetch
    are_values = all(it.default and it.default.is_scalar for it in columns)
    if made.update_prefetch or not are_values:
        raise ValueError(f"a default that is no value: {made.prefetch}")
    return {it.key: cast("Any", it.default).arg for it in columns}


def _binding(type_: Any, dialect: sa.Dialect) -> _Convert | None:
    is_known = not isinstance(type_, sa.types.NullType | sa.DateTime | sa.Date)
    return type_.bind_processor(dialect) if is_known else _no_moment


def _no_moment(value: Any) -> Any:
    # SQLite's driver would write it as text, which is later than every number.
    if isinstance(value, date):
        raise TypeError("a moment whose parameter has not the type Moment")
    return value


def _converters(
    named: Mapping[str, sa.ColumnElement[Any]],
    of_type: Callable[[Any], _Convert | None],
    dialect: sa.Dialect,
) -> dict[str, _Convert]:
    """Return what converts the values of those parameters or columns that need it."""
    types = {name: it.type.dialect_impl(dialect) for name, it in named.items()}
    found = {name: of_type(type_) for name, type_ in types.items()}
    return {name: convert for name, convert in found.items() if convert is not None}


@dataclass(frozen=True, kw_only=True)
class _Compiled:
    """A statement in one database's words."""

    sql: str
    #: Where parameters go by their place: their names. None: they go by name.
    order: Sequence[str] | None
    #: The values that the statement itself has.
    constants: Mapping[str, Any]
    #: What makes a value the driver's.
    convert: Mapping[str, _Convert]
    #: What a SELECT brings, and what makes the driver's values ours.
    columns: Sequence[str]
    read: Mapping[str, _Convert]

    def arguments(self, values: Mapping[str, Any]) -> driver.Arguments:
        """Return the parameters as the driver wants them."""
        given = {**values, **self.constants}
        for name, convert in self.convert.items():
            given[name] = convert(given[name])
        if self.order is None:
            return given
        return [given[name] for name in self.order]
