"""The SQL of queues: what waits in each, what was decided about one, and its purge.

Asked by pages, by commands and by who plans in bulk; never by a worker. Counts only
what is not finished, through the indexes that know it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.domain.lanes import Lane
from app.domain.recipients import Channel
from app.storage.prepared import Prepared
from app.storage.tables import WAITING, queue_states, tasks
from app.storage.types import Moment, Row
from app.storage.upsert import upsert

#: States besides waiting that a queue is counted by.
COUNTED = ("queued", "sending", "unknown", "failed", "dead")
_UNDER_WAY = ("sending", "unknown")


@dataclass(frozen=True, kw_only=True)
class LaneCount:
    """What waits in a lane: in all, what is due of it, and since when the first is."""

    lane: Lane
    waiting: int
    due: int
    due_since: datetime | None


#: Read off an index alone. SQLite would else go by the status, and sort what it finds.
_LANES = """
    SELECT lane, count(*) AS waiting,
           sum(CASE WHEN next_attempt_at <= :now THEN 1 ELSE 0 END) AS due,
           min(CASE WHEN next_attempt_at <= :now THEN next_attempt_at END) AS due_since
    FROM tasks {index} WHERE {waiting} AND lane > '' GROUP BY lane
"""

_BY_STATUS = (
    sa.select(tasks.c.queue, tasks.c.status, sa.func.count().label("number"))
    .where(tasks.c.status.in_(sa.bindparam("counted", expanding=True)))
    .group_by(tasks.c.queue, tasks.c.status)
)

_COUNT_WAITING = """
    SELECT count(*) FROM (
        SELECT 1 FROM tasks {index} WHERE {waiting} AND lane IN :lanes LIMIT :at_most
    ) AS found
"""

#: With `+ 0` SQLite does not think of going through all rows by their number.
_CHOOSE_WAITING = """
    SELECT seq FROM tasks {index}
    WHERE {waiting} AND lane IN :lanes AND seq + 0 <= :last
    {order} LIMIT :at_most {lock}
"""
#: A bell was rung for them, or their quick tries are used up.
_CHOOSE_OTHERS = """
    SELECT seq FROM tasks
    WHERE status IN ('queued', 'failed') AND lane IN :lanes AND seq + 0 <= :last
    {order} LIMIT :at_most {lock}
"""

_STATE = Prepared(
    sa.select(queue_states).where(queue_states.c.name == sa.bindparam("queue"))
)

_NOT_LEFT = (
    sa.select(tasks.c.id, tasks.c.status)
    .where(
        tasks.c.status.in_(_UNDER_WAY),
        tasks.c.queue == sa.bindparam("queue"),
        tasks.c.seq <= sa.bindparam("last"),
    )
    .limit(sa.bindparam("at_most"))
)


def lanes_of(queue: str) -> list[str]:
    """Return every lane in which rows of a queue may wait."""
    gates = dict.fromkeys([queue, *Channel])
    return [str(Lane(queue, gate)) for gate in gates]


def waiting_by_lane(tx: sa.Connection, *, now: datetime) -> list[LaneCount]:
    """Count what waits, lane by lane."""
    statement = (
        _on_index(tx, _LANES)
        .bindparams(sa.bindparam("now", type_=Moment))
        .columns(lane=sa.String, waiting=sa.Integer, due=sa.Integer, due_since=Moment)
    )
    return [
        LaneCount(
            lane=Lane.parse(row.lane),
            waiting=row.waiting,
            due=row.due,
            due_since=row.due_since,
        )
        for row in tx.execute(statement, {"now": now})
    ]


def count_by_status(tx: sa.Connection) -> dict[str, dict[str, int]]:
    """Count what neither waits nor is over, by queue and status; and what is dead."""
    counts: dict[str, dict[str, int]] = {}
    for row in tx.execute(_BY_STATUS, {"counted": COUNTED}):
        counts.setdefault(row.queue, {})[row.status] = row.number
    return counts


def count_waiting(tx: sa.Connection, queue: str, *, at_most: int) -> int:
    """Count what waits in a queue, due or not; no further than `at_most`."""
    facts = {"lanes": lanes_of(queue), "at_most": at_most}
    return int(tx.execute(_among_lanes(tx, _COUNT_WAITING), facts).scalar_one())


def state_of(tx: sa.Connection, name: str) -> Row | None:
    """Return what was decided about a queue at run time, or None."""
    found = _STATE.mappings(tx, {"queue": name})
    return found[0] if found else None


def pause(
    tx: sa.Connection,
    name: str,
    *,
    until: datetime | None,
    by: str,
    reason: str,
    now: datetime,
) -> None:
    """Pause a queue until a moment (None: until somebody resumes it)."""
    facts = {
        "paused_at": now,
        "paused_until": until,
        "paused_by": by,
        "pause_reason": reason,
        "updated_at": now,
    }
    _save(tx, name, facts)


def resume(tx: sa.Connection, name: str, *, now: datetime) -> None:
    """Let a paused queue go on."""
    facts = {
        "paused_at": None,
        "paused_until": None,
        "paused_by": "",
        "pause_reason": "",
        "updated_at": now,
    }
    _save(tx, name, facts)


def locked_overrides(
    tx: sa.Connection, name: str, *, now: datetime
) -> Mapping[str, Any]:
    """Return what holds instead of the file's; nobody else changes it meanwhile.

    Of two who set something else at once, none so undoes what the other did.
    """
    _save(tx, name, {"updated_at": now})
    state = state_of(tx, name)
    return {} if state is None else dict(state["overrides"])


def save_overrides(
    tx: sa.Connection, name: str, overrides: Mapping[str, Any], *, now: datetime
) -> None:
    """Keep the values of a queue's policy that hold instead of the file's."""
    _save(tx, name, {"overrides": dict(overrides), "updated_at": now})


def last_seq(tx: sa.Connection) -> int:
    """Return the number of the task that was planned last; 0: there is none."""
    return tx.execute(sa.select(sa.func.max(tasks.c.seq))).scalar_one() or 0


def call_off(
    tx: sa.Connection, queue: str, *, last: int, to: Mapping[str, Any], at_most: int
) -> list[str]:
    """Give what can be called off of a queue, planned up to `last`, these values.

    Returns which rows; where they are fewer than `at_most` there are no more.
    """
    facts = {"lanes": lanes_of(queue), "last": last, "at_most": at_most}
    ids = _change(tx, _CHOOSE_WAITING, facts, to=to)
    if len(ids) < at_most:
        rest = at_most - len(ids)
        ids += _change(tx, _CHOOSE_OTHERS, {**facts, "at_most": rest}, to=to)
    return ids


def under_way(
    tx: sa.Connection, queue: str, *, last: int, at_most: int
) -> Sequence[sa.RowMapping]:
    """Return ids and statuses of what a provider or a worker has at this moment."""
    facts = {"queue": queue, "last": last, "at_most": at_most}
    return tx.execute(_NOT_LEFT, facts).mappings().all()


def _change(
    tx: sa.Connection, choose: str, facts: Mapping[str, Any], *, to: Mapping[str, Any]
) -> list[str]:
    chosen = tx.execute(_among_lanes(tx, choose), facts).scalars()
    changed = tx.execute(
        sa.update(tasks)
        .where(tasks.c.seq.in_(list(chosen)))
        .values(**to)
        .returning(tasks.c.id)
    )
    return list(changed.scalars())


def _among_lanes(tx: sa.Connection, sql: str) -> sa.TextClause:
    return _on_index(tx, sql).bindparams(sa.bindparam("lanes", expanding=True))


def _on_index(tx: sa.Connection, sql: str) -> sa.TextClause:
    is_sqlite = tx.dialect.name == "sqlite"
    return sa.text(
        sql.format(
            waiting=WAITING,
            index="INDEXED BY ix_tasks_due" if is_sqlite else "",
            # As everywhere: the newest first, so that none waits in a circle.
            order="" if is_sqlite else "ORDER BY seq DESC",
            lock="" if is_sqlite else "FOR NO KEY UPDATE",
        )
    )


def _save(tx: sa.Connection, name: str, facts: Mapping[str, Any]) -> None:
    row = {"name": name, "paused_by": "", "pause_reason": "", "overrides": {}, **facts}
    statement = upsert(tx.dialect.name, queue_states).values(row)
    tx.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_=dict(facts))
    )
