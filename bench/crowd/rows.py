"""Fills a database: what was finished within two weeks, and what waits.

Straight into the tables, as a box of that age has them; only the filling itself goes
without `fsync`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import sqlalchemy as sa

from app.domain.lanes import Lane
from app.services.facts import SITE_DATA
from app.storage.database import Database
from app.storage.tables import (
    attempts,
    bookings,
    notifications,
    own_tasks,
    services,
    tasks,
)
from bench.crowd.past import (
    DAY_MS,
    HOUR_MS,
    PER_BOOKING,
    TEXT,
    UNSENT,
    Past,
    Row,
    is_own,
    make_id,
    service,
    status_of,
)

ROWS_AT_ONCE = 20_000
#: One has so many messages waiting.
PATIENT_PHONE = "+4915888888888"
#: The dedupe key of the first row that waits.
FIRST_WAITING = "the first that waits"


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One waiting row: where, since or until when, and for whom."""

    lane: str = "sms"
    due_in_ms: int = -HOUR_MS
    phone: str | None = None


#: What waits, as a function of the row's number.
Mix = Callable[[int], Waiting]


def fill_finished(database: Database, count: int) -> None:
    """Write a service, bookings, and so many finished rows with their attempts."""
    past = Past(count=count, now=_now_ms())
    own = [n for n in range(count) if is_own(n)]
    messages = [n for n in range(count) if not is_own(n)]
    tried = [n for n in range(count) if status_of(n) not in UNSENT]
    _write(database, services, [service(past.now)])
    _write(database, bookings, map(past.booking, range(count // PER_BOOKING)))
    _write(database, tasks, map(past.task, range(count)))
    _write(database, notifications, map(past.message, messages))
    _write(database, own_tasks, map(past.own_task, own))
    _write(database, attempts, map(past.attempt, tried))


def fill_waiting(database: Database, count: int, mix: Mix) -> None:
    """Let so many messages wait, instead of what waited before."""
    with database.write() as tx:
        first = tx.execute(_FIRST_WAITING).scalar_one_or_none()
        if first is not None:
            tx.execute(sa.delete(tasks).where(tasks.c.seq >= first))
    now = _now_ms()
    rows = [_waiting(n, mix(n), now) for n in range(count)]
    _write(database, tasks, (task for task, _ in rows))
    _write(database, notifications, (message for _, message in rows))


_FIRST_WAITING = sa.select(sa.func.min(tasks.c.seq)).where(
    tasks.c.dedupe_key == FIRST_WAITING
)


def _write(database: Database, table: sa.Table, rows: Iterable[Row]) -> None:
    rows = iter(rows)
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("PRAGMA synchronous=OFF")
            connection.exec_driver_sql("PRAGMA cache_size=-200000")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        while some := list(islice(rows, ROWS_AT_ONCE)):
            _insert(connection, table, some)
        connection.commit()
        connection.detach()  # the next one who writes has `fsync` again


def _insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    quoted = ", ".join(f'"{name}"' for name in rows[0])
    marks = ", ".join(mark for _ in rows[0])
    statement = f'INSERT INTO "{table.name}" ({quoted}) VALUES ({marks})'
    connection.exec_driver_sql(statement, [tuple(row.values()) for row in rows])


def _waiting(number: int, it: Waiting, now: int) -> tuple[Row, Row]:
    """Return a message that waits: its task, and what only a message has."""
    lane = Lane.parse(it.lane)
    task_id = make_id(now, number, of=10)
    phone = it.phone or f"+49152{number:08}"
    recipient = f"{phone[1:]}@example.org" if lane.gate == "email" else phone
    task = {
        "id": task_id,
        "kind": "message",
        "queue": lane.queue,
        "lane": it.lane,
        "priority": 50,
        "status": "pending",
        "reason": "",
        "dedupe_key": FIRST_WAITING if number == 0 else None,
        "order_key": f"{lane.gate}:{recipient}",
        "args": json.dumps({SITE_DATA: {"text": TEXT}}),
        "attempts": 0,
        "quick_tries": 0,
        "rounds": 0,
        "resends": 0,
        "created_at": now,
        "due_at": now + it.due_in_ms,
        "next_attempt_at": now + it.due_in_ms,
        # In another order than that in which they were planned.
        "useful_until": now + it.due_in_ms + 3 * DAY_MS + number * 7919 % 100_003,
        "updated_at": now,
    }
    message = {
        "task_id": task_id,
        "channel": lane.gate,
        "recipient": recipient,
        "recipient_name": f"Waiting {number:x}",
        "locale": "en",
        "timezone": "UTC",
    }
    return task, message


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
