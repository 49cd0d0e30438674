"""The SQL that tells what workers have in hand at this moment."""

from __future__ import annotations

import sqlalchemy as sa

from app.storage.tables import HELD, tasks

# In the very words of the partial index, so that it is used.
_HELD = sa.select(
    tasks.c.id,
    tasks.c.kind,
    tasks.c.queue,
    tasks.c.status,
    tasks.c.attempts,
    tasks.c.worker_boot_id,
    tasks.c.updated_at.label("since"),
).where(sa.text(HELD))


def held(tx: sa.Connection) -> list[sa.RowMapping]:
    """Return what is in a worker's hands, a look-up too; the longest held first."""
    return sorted(tx.execute(_HELD).mappings(), key=lambda row: row["since"])
