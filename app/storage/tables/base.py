"""The metadata that all tables share, and what their columns have in common."""

from __future__ import annotations

import sqlalchemy as sa

#: What is not there is NULL, not the JSON word `null`.
Json = sa.JSON(none_as_null=True)

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_WHERE = "where"


def partial_index(
    name: str, *columns: str, where: str, unique: bool = False
) -> sa.Index:
    """Return an index of the rows for which the SQL in `where` holds."""
    # Told as `postgresql_where`, it would load PostgreSQL's half of SQLAlchemy into
    # each process of a box on SQLite: two megabytes for what the migrations say, too.
    return sa.Index(name, *columns, unique=unique, info={_WHERE: where})


@sa.event.listens_for(metadata, "before_create")
def _tell_conditions(_metadata: sa.MetaData, tx: sa.Connection, **_: object) -> None:
    for table in metadata.tables.values():
        for index in table.indexes:
            if _WHERE in index.info:
                options = index.dialect_options[tx.dialect.name]
                options["where"] = sa.text(index.info[_WHERE])
