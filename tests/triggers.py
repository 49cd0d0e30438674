"""A database that refuses by itself: what no code of ours may get past."""

from __future__ import annotations

import sqlalchemy as sa


def refuse(tx: sa.Connection, name: str, *, before: str, when: str = "") -> None:
    """Let the database refuse a change: `refuse(tx, "it", before="DELETE ON tasks")`.

    `when`: only where that holds. It is an IntegrityError, as of a key that is taken.
    """
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(
            f"CREATE TRIGGER {name} BEFORE {before} {when and f'WHEN {when}'} "
            f"BEGIN SELECT RAISE(ABORT, '{name}'); END"
        )
        return
    tx.exec_driver_sql(
        f"CREATE OR REPLACE FUNCTION refuse_{name}() RETURNS trigger LANGUAGE plpgsql "
        f"AS $$ BEGIN RAISE '{name}' USING ERRCODE = 'check_violation'; END $$"
    )
    tx.exec_driver_sql(
        f"CREATE TRIGGER {name} BEFORE {before} FOR EACH ROW "
        f"{when and f'WHEN ({when})'} EXECUTE FUNCTION refuse_{name}()"
    )


def allow(tx: sa.Connection, name: str, *, table: str) -> None:
    """Let the database take again what it was told to refuse."""
    place = "" if tx.dialect.name == "sqlite" else f"ON {table}"
    tx.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name} {place}")
