"""The SQL of what a booking's customer has been told, or may have been."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from app.domain.outcomes import Result
from app.storage.tables import attempts, notifications, tasks


def messages(
    tx: sa.Connection, *, booking_id: str, kinds: Collection[str]
) -> Sequence[sa.RowMapping]:
    """Return a booking's messages of these kinds, the newest first.

    Of each its `channel`, `status` and `args`, and whether a provider `may_have` it: it
    took one, or nobody knows.
    """
    may_have = sa.exists().where(
        attempts.c.task_id == tasks.c.id,
        sa.or_(
            attempts.c.ended_at.is_(None),
            attempts.c.outcome.in_([Result.ACCEPTED, Result.AMBIGUOUS]),
        ),
    )
    query = (
        sa.select(
            notifications.c.channel,
            tasks.c.status,
            tasks.c.args,
            may_have.label("may_have"),
        )
        .join(notifications, notifications.c.task_id == tasks.c.id)
        .where(tasks.c.booking_id == booking_id, tasks.c.kind.in_(kinds))
        .order_by(tasks.c.seq.desc())
    )
    return tx.execute(query).mappings().all()
