"""The SQL of gates: what is paused, which provider is spared, what left of late.

Asked by `services/gates.py` each time something may leave: these tables are empty on a
day when all is well.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.domain.circuits import Circuit
from app.domain.fallback import PastCall
from app.domain.outcomes import Result
from app.storage.prepared import Prepared
from app.storage.tables import attempts, circuits, queue_states, tasks
from app.storage.upsert import upsert

#: No attempt takes longer: one that began earlier has ended before the span begins.
_ATTEMPT_TAKES_AT_MOST = timedelta(minutes=2)
#: Other hosts' clocks may be ahead by so much. What seems to have begun later still did
#: so before the clock was set back, and is not counted: it would hold up all for as
#: long as the step was. So a step back lets one limit's worth more leave, once.
_CLOCKS_DIFFER_BY_AT_MOST = timedelta(minutes=1)
_MILLISECOND = timedelta(milliseconds=1)

#: One statement on a day when all is well, where two tables would be read for nothing.
_GLANCE = Prepared(
    sa.select(
        sa.or_(
            sa.exists().select_from(queue_states), sa.exists().select_from(circuits)
        ).label("is_held"),
        sa.exists()
        .where(
            tasks.c.status == "unknown", tasks.c.next_attempt_at <= sa.bindparam("now")
        )
        .label("has_look_ups"),
    )
)
_STATES = sa.select(queue_states)
_CIRCUITS = sa.select(circuits)
_QUEUED_BY_LANE = (
    sa.select(tasks.c.lane, sa.func.count().label("waiting"))
    .where(tasks.c.status == "queued")
    .group_by(tasks.c.lane)
)

_IN_SPAN = (
    attempts.c.gate == sa.bindparam("gate"),
    attempts.c.started_at > sa.bindparam("started_after"),
    attempts.c.started_at <= sa.bindparam("started_until"),
    # Between its beginning and its end it may have left at any moment.
    sa.or_(
        attempts.c.ended_at.is_(None), attempts.c.ended_at > sa.bindparam("ended_after")
    ),
)
_LEFT = sa.select(sa.func.count()).select_from(attempts).where(*_IN_SPAN)
_LEFT_FROM_QUEUE = _LEFT.join(tasks, tasks.c.id == attempts.c.task_id).where(
    tasks.c.queue == sa.bindparam("queue")
)
_OLDEST = sa.select(sa.func.min(attempts.c.ended_at)).where(*_IN_SPAN)


def glance(tx: sa.Connection, *, now: datetime) -> tuple[bool, bool]:
    """Return whether any queue or provider is held, and whether a look-up is due."""
    [(is_held, has_look_ups)] = _GLANCE.rows(tx, {"now": now})
    return bool(is_held), bool(has_look_ups)


def queue_states_by_name(tx: sa.Connection) -> dict[str, sa.RowMapping]:
    """Return what was decided about queues at run time."""
    return {row["name"]: row for row in tx.execute(_STATES).mappings()}


def circuits_by_provider(tx: sa.Connection) -> dict[tuple[str, str], Circuit]:
    """Return the circuits of providers that have failed of late, by gate and name."""
    return {
        (row.gate, row.provider): Circuit(
            failures=row.failures,
            timeouts=row.timeouts,
            timed_out_at=row.timed_out_at,
            open_until=row.open_until,
            opened_at=row.opened_at,
            pause=row.pause_ms * _MILLISECOND,
            reason=row.reason,
        )
        for row in tx.execute(_CIRCUITS)
    }


def save_circuit(
    tx: sa.Connection,
    *,
    gate: str,
    provider: str,
    circuit: Circuit | None,
    now: datetime,
) -> None:
    """Write a circuit down; None: the provider is well, and nothing is kept."""
    if circuit is None:
        tx.execute(
            sa.delete(circuits).where(
                circuits.c.gate == gate, circuits.c.provider == provider
            )
        )
        return
    values = {
        "failures": circuit.failures,
        "timeouts": circuit.timeouts,
        "timed_out_at": circuit.timed_out_at,
        "open_until": circuit.open_until,
        "opened_at": circuit.opened_at,
        "pause_ms": circuit.pause // _MILLISECOND,
        "reason": circuit.reason,
        "updated_at": now,
    }
    statement = upsert(tx.dialect.name, circuits).on_conflict_do_update(
        index_elements=["gate", "provider"], set_=values
    )
    tx.execute(statement, [{"gate": gate, "provider": provider, **values}])


def queued_by_lane(tx: sa.Connection) -> Mapping[str, int]:
    """Return how many rows of each lane are on their way to a worker."""
    return {row.lane: row.waiting for row in tx.execute(_QUEUED_BY_LANE)}


def left_within(
    tx: sa.Connection,
    *,
    gate: str,
    queue: str | None = None,
    span: timedelta,
    now: datetime,
) -> int:
    """Count what left by a gate within the span, from one queue or from all."""
    facts = _span_facts(gate, span, now)
    if queue is None:
        return int(tx.execute(_LEFT, facts).scalar_one())
    return int(tx.execute(_LEFT_FROM_QUEUE, {**facts, "queue": queue}).scalar_one())


def last_calls(
    tx: sa.Connection, *, gate: str, provider: str, most: int
) -> list[PastCall]:
    """Return how a provider's last calls went, the newest first."""
    query = (
        sa.select(attempts.c.started_at, attempts.c.ended_at, attempts.c.outcome)
        .where(
            attempts.c.gate == gate,
            attempts.c.provider == provider,
            attempts.c.ended_at.is_not(None),
            attempts.c.outcome.is_not(None),
        )
        .order_by(attempts.c.started_at.desc(), attempts.c.ended_at.desc())
        .limit(most)
    )
    return [
        PastCall(
            took_s=(row.ended_at - row.started_at).total_seconds(),
            result=Result(row.outcome),
        )
        for row in tx.execute(query)
    ]


def next_slot(
    tx: sa.Connection, *, gate: str, span: timedelta, now: datetime
) -> datetime | None:
    """Return when the oldest send of the span falls out of it; None: there is none."""
    oldest: datetime | None = tx.execute(
        _OLDEST, _span_facts(gate, span, now)
    ).scalar_one()
    return None if oldest is None else oldest + span


def _span_facts(gate: str, span: timedelta, now: datetime) -> dict[str, object]:
    return {
        "gate": gate,
        "started_after": now - span - _ATTEMPT_TAKES_AT_MOST,
        "started_until": now + _CLOCKS_DIFFER_BY_AT_MOST,
        "ended_after": now - span,
    }
