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
