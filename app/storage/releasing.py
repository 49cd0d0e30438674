"""The SQL that decides what leaves next; called by `services/choosing.py` and dispatch.

Conditions on the status are written out so that the partial indexes serve them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.domain.lanes import Lane
from app.storage.locking import at_hand, waited_for
from app.storage.prepared import Prepared
from app.storage.tables import HOLDING_BACK, WAITING, tasks
from app.storage.types import Moment, moment_of

#: So few due rows of a lane are sorted; more are read in the order in which they leave.
FEW = 100
#: PostgreSQL's lock of this number lets one transaction at a time choose.
_TAKE_TURN = sa.select(sa.func.pg_advisory_xact_lock(2_053_001))


@dataclass(frozen=True, kw_only=True)
class Due:
    """A row that may leave, and what its place in the order depends on."""

    id: str
    seq: int
    lane: Lane
    priority: int
    useful_until: datetime

    @property
    def place(self) -> tuple[int, datetime, int]:
        """What rows are sorted by: urgency, usefulness, age."""
        return self.priority, self.useful_until, self.seq


@dataclass(frozen=True, kw_only=True)
class Crew:
    """The living workers of one name, and how many of them hold no task."""

    alive: int
    idle: int


def _lanes_by(index: str) -> Prepared:
    """From lane to lane through the index, however many rows wait in each."""
    lanes = sa.text(
        f"""
        WITH RECURSIVE lanes(lane) AS (
            SELECT (
                SELECT t.lane FROM tasks AS t {index}
                WHERE t.{WAITING} AND t.lane > '' ORDER BY t.lane LIMIT 1
            )
            UNION ALL
            SELECT (
                SELECT t.lane FROM tasks AS t {index}
                WHERE t.{WAITING} AND t.lane > lanes.lane ORDER BY t.lane LIMIT 1
            ) FROM lanes WHERE lanes.lane IS NOT NULL
        )
        SELECT lane, (
            SELECT count(*) FROM (
                SELECT 1 FROM tasks AS t {index}
                WHERE t.{WAITING} AND t.lane = lanes.lane
                  AND t.next_attempt_at <= :now
                LIMIT {FEW}
            ) AS few
        ) AS due
        FROM lanes WHERE lane IS NOT NULL
        """  # noqa: S608 - constants of ours
    )
    return Prepared(lanes.bindparams(sa.bindparam("now", type_=Moment)))


#: Left to itself SQLite goes by the status, and sorts all that waits.
_LANES_OF_SQLITE = _lanes_by("INDEXED BY ix_tasks_due")
_LANES = _lanes_by("")


def _first_of_lane(index: str = "", lock: str = "") -> Prepared:
    """Of a lane's waiting rows the due ones, the most urgent first.

    A row waits for every earlier one to the same recipient that is under way or due
    itself.
    """
    first = sa.text(
        f"""
        SELECT t.id, t.seq, t.priority, t.useful_until FROM tasks AS t {index}
        WHERE t.{WAITING}
          AND t.lane = :lane
          AND t.next_attempt_at <= :now
          AND t.priority <= :least_urgent
          AND NOT EXISTS (
            SELECT 1 FROM tasks AS e
            WHERE e.order_key = t.order_key AND e.seq < t.seq
              AND e.{HOLDING_BACK}
              AND NOT (e.status = 'pending' AND e.next_attempt_at > :now)
          )
        ORDER BY t.priority, t.useful_until, t.seq
        LIMIT :room {lock}
        """  # noqa: S608 - constants of ours
    )
    return Prepared(first.bindparams(sa.bindparam("now", type_=Moment)))


#: SQLite knows nothing of how many rows are due, and would always sort all that wait:
#: 25 ms for 20,000 rows, against 0.05 read in order.
_FEW_BY_DUE_TIME = _first_of_lane("INDEXED BY ix_tasks_due")
_MANY_IN_ORDER = _first_of_lane("INDEXED BY ix_tasks_leaving")
#: A row that somebody is just changing is left to him: nobody waits while he chooses.
_FOR_POSTGRESQL = _first_of_lane(lock="FOR UPDATE OF t SKIP LOCKED")

#: An unknown outcome stays unknown: its bell is for a look-up.
_IS_UNKNOWN = tasks.c.status == "unknown"
_HAS_BELL = sa.or_(
    tasks.c.status == "queued", sa.and_(_IS_UNKNOWN, tasks.c.rung_at.is_not(None))
)

_MARK_QUEUED = (
    sa.update(tasks)
    .where(
        tasks.c.id.in_(sa.bindparam("ids", expanding=True)),
        tasks.c.status.in_(["pending", "retrying", "unknown"]),
    )
    .values(
        status=sa.case((_IS_UNKNOWN, "unknown"), else_="queued"),
        rung_at=sa.bindparam("now"),
        updated_at=sa.bindparam("now"),
    )
)

_CREWS = Prepared(
    sa.text(
        """
    SELECT w.name, count(*) AS alive, sum(CASE WHEN EXISTS (
        SELECT 1 FROM tasks AS t WHERE t.worker_boot_id = w.boot_id
    ) THEN 0 ELSE 1 END) AS idle
    FROM workers AS w GROUP BY w.name
    """
    )
)

_QUEUED = Prepared(
    sa.select(tasks.c.queue, sa.func.count()).where(_HAS_BELL).group_by(tasks.c.queue)
)

_LOOK_UP = (
    sa.select(tasks.c.id)
    .where(
        tasks.c.status == "unknown",
        tasks.c.next_attempt_at <= sa.bindparam("now"),
        sa.or_(
            tasks.c.queue.in_(sa.bindparam("queues", expanding=True)),
            sa.and_(
                sa.bindparam("with_strangers", type_=sa.Boolean),
                tasks.c.queue.not_in(sa.bindparam("known", expanding=True)),
            ),
        ),
        tasks.c.lane.not_in(sa.bindparam("shut", expanding=True)),
    )
    .order_by(tasks.c.next_attempt_at)
    .limit(1)
    .with_for_update(key_share=True, skip_locked=True)
)

_PUT_BACK = sa.update(tasks).values(
    status=sa.case((_IS_UNKNOWN, "unknown"), else_="pending"),
    rung_at=None,
    updated_at=sa.bindparam("now"),
)
_THESE = tasks.c.id.in_(sa.bindparam("ids", expanding=True))
_STALE = tasks.c.rung_at <= sa.bindparam("before")


def due_lanes(tx: sa.Connection, *, now: datetime) -> dict[Lane, int]:
    """Return the lanes in which rows are due, and how many (at most `FEW`)."""
    is_sqlite = tx.dialect.name == "sqlite"
    lanes = _LANES_OF_SQLITE if is_sqlite else _LANES
    rows = lanes.rows(tx, {"now": now})
    return {Lane.parse(lane): due for lane, due in rows if due}


def take_turn(tx: sa.Connection) -> bool:
    """Wait until nobody else is choosing; return whether that may have changed a thing.

    Two who choose at once would both fill the last slot of a rate limit. On SQLite
    there is one writer anyway. The turn ends with the transaction, and is the last that
    one waits for: who has it waits for no row.
    """
    if tx.dialect.name == "sqlite":
        return False
    tx.execute(_TAKE_TURN)
    return True


def first_of_lane(
    tx: sa.Connection,
    lane: Lane,
    *,
    due: int,
    least_urgent: int,
    now: datetime,
    room: int,
) -> list[Due]:
    """Return the lane's rows that may leave now, the most urgent first.

    `due` is what `due_lanes` counted; rows with a higher number than `least_urgent`
    are left out.
    """
    if tx.dialect.name != "sqlite":
        statement = _FOR_POSTGRESQL
    else:
        statement = _FEW_BY_DUE_TIME if due < FEW else _MANY_IN_ORDER
    facts = {
        "lane": str(lane),
        "now": now,
        "least_urgent": least_urgent,
        "room": room,
    }
    return [
        Due(
            id=task_id,
            seq=seq,
            lane=lane,
            priority=priority,
            useful_until=moment_of(useful_until),
        )
        for task_id, seq, priority, useful_until in statement.rows(tx, facts)
    ]


def mark_queued(tx: sa.Connection, ids: Sequence[str], *, now: datetime) -> None:
    """Note that a doorbell is about to be rung for these rows."""
    tx.execute(_MARK_QUEUED, {"ids": list(ids), "now": now})


def crews(tx: sa.Connection) -> dict[str, Crew]:
    """Return the workers that are known, by their name."""
    return {
        name: Crew(alive=alive, idle=idle) for name, alive, idle in _CREWS.rows(tx, {})
    }


def count_queued(tx: sa.Connection) -> dict[str, int]:
    """Return how many rows of each queue have a doorbell in the queue server."""
    return dict(_QUEUED.rows(tx, {}))


def due_look_up(
    tx: sa.Connection,
    *,
    queues: Sequence[str],
    strangers_to: Sequence[str] | None = None,
    shut: Sequence[str],
    now: datetime,
) -> str | None:
    """Return the unknown outcome whose look-up has been due for longest, or None.

    `strangers_to`: also look in queues that are none of these. `shut`: lanes whose
    provider is spared just now.
    """
    facts = {
        "queues": list(queues),
        "with_strangers": strangers_to is not None,
        "known": list(strangers_to or ()),
        "shut": list(shut),
        "now": now,
    }
    found: str | None = tx.execute(_LOOK_UP, facts).scalar_one_or_none()
    return found


def put_back(tx: sa.Connection, *, ids: Sequence[str], now: datetime) -> None:
    """Make rows wait again: their doorbell was not rung."""
    statement = _PUT_BACK.where(waited_for(tx, _HAS_BELL, _THESE))
    tx.execute(statement, {"ids": list(ids), "now": now})


def put_back_heard(tx: sa.Connection, *, task_id: str, now: datetime) -> None:
    """Make a row wait again whose doorbell was heard, unless somebody changes it."""
    statement = _PUT_BACK.where(at_hand(tx, _HAS_BELL, tasks.c.id == task_id))
    tx.execute(statement, {"now": now})


def put_back_unheard(tx: sa.Connection, *, before: datetime, now: datetime) -> int:
    """Make rows wait again whose doorbell was not heard in time; return how many."""
    statement = _PUT_BACK.where(at_hand(tx, _HAS_BELL, _STALE))
    return tx.execute(statement, {"before": before, "now": now}).rowcount
