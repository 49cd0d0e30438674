"""Inserts a row: any, or one that is not there yet. Each shape is compiled once."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app.storage.prepared import Prepared
from app.storage.upsert import upsert


def insert_row(tx: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> None:
    """Insert the row; columns that it leaves out get their defaults."""
    _inserting(table, tuple(row)).change(tx, row)


def insert_new(
    tx: sa.Connection, table: sa.Table, row: Mapping[str, Any], *, key: Sequence[str]
) -> bool:
    """Insert the row unless one with the same `key` columns is there; tell which."""
    unless = _inserting_new(tx.dialect.name, table, tuple(row), tuple(key))
    return unless.change(tx, row) == 1


@functools.cache
def _inserting(table: sa.Table, columns: tuple[str, ...]) -> Prepared:
    return Prepared(sa.insert(table).values(_places(columns)).inline())


@functools.cache
def _inserting_new(
    dialect: str, table: sa.Table, columns: tuple[str, ...], key: tuple[str, ...]
) -> Prepared:
    insert = upsert(dialect, table)
    unless = insert.values(_places(columns)).on_conflict_do_nothing(index_elements=key)
    return Prepared(unless.inline())


def _places(columns: tuple[str, ...]) -> dict[str, Any]:
    return {name: sa.bindparam(name) for name in columns}
