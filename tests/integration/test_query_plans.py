"""With 20,000 rows waiting, every frequent statement goes by an index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.domain.ids import new_id
from app.domain.lanes import Lane
from app.runtime import Runtime
from app.storage import (
    bookings,
    cleaning,
    delivering,
    gates,
    queues,
    recovering,
    releasing,
    reminders,
    working,
)
from app.storage.delivering import Attempt
from app.storage.recovering import InDoubt
from app.storage.tables import tasks
from tests.clock import USUAL
from tests.house import make_runtime
from tests.plans import Ask, plans_of
from tests.postgres import about_sqlite

pytestmark = about_sqlite

ROWS = 20_000
QUEUES = ("sms", "whatsapp", "email")
EARLIER = USUAL - timedelta(hours=1)
LATER = USUAL + timedelta(days=1)
MINUTE = timedelta(minutes=1)
IN_DOUBT = InDoubt(reason="", clear_up_at=USUAL)


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    folder: Path = tmp_path_factory.mktemp("crowded")
    with make_runtime(folder) as runtime:
        with runtime.database.write() as tx:
            tx.execute(sa.insert(tasks), [waiting(number) for number in range(ROWS)])
        yield runtime


def waiting(number: int) -> dict[str, Any]:
    return {
        "id": new_id(),
        "kind": "message",
        "queue": "sms",
        "lane": "sms",
        "priority": 50,
        "status": "failed" if number % 10 == 0 else "pending",
        "order_key": f"sms:+1415{number % 5000:07}",
        "args": {},
        "created_at": USUAL,
        "due_at": USUAL,
        "next_attempt_at": EARLIER if number < 10 else USUAL,
        "useful_until": LATER,
        "updated_at": USUAL,
    }


def first_of_lane(tx: sa.Connection, *, due: int, now: datetime) -> object:
    lane = Lane("sms", "sms")
    return releasing.first_of_lane(
        tx, lane, due=due, least_urgent=100, now=now, room=16
    )


STATEMENTS: dict[str, tuple[Ask, set[str]]] = {
    "lanes": (
        lambda tx: releasing.due_lanes(tx, now=USUAL),
        {"ix_tasks_due"},
    ),
    "first of many": (
        lambda tx: first_of_lane(tx, due=releasing.FEW, now=USUAL),
        {"ix_tasks_leaving", "ix_tasks_order"},
    ),
    "first of a few": (
        lambda tx: first_of_lane(tx, due=10, now=EARLIER),
        {"ix_tasks_due", "ix_tasks_order"},
    ),
    "ring": (
        lambda tx: releasing.mark_queued(tx, ["1", "2"], now=USUAL),
        {"sqlite_autoindex_tasks"},
    ),
    "crews": (releasing.crews, {"ix_tasks_held"}),
    "count": (releasing.count_queued, {"ix_tasks_status"}),
    "count by lane": (gates.queued_by_lane, {"ix_tasks_status"}),
    "what has left": (
        lambda tx: gates.left_within(tx, gate="sms", span=MINUTE, now=USUAL),
        {"ix_attempts_gate"},
    ),
    "what has left a queue": (
        lambda tx: gates.left_within(
            tx, gate="sms", queue="high", span=MINUTE, now=USUAL
        ),
        {"ix_attempts_gate"},
    ),
    "next slot": (
        lambda tx: gates.next_slot(tx, gate="sms", span=MINUTE, now=USUAL),
        {"ix_attempts_gate"},
    ),
    "look-up": (
        lambda tx: releasing.due_look_up(tx, queues=QUEUES, shut=[], now=USUAL),
        {"ix_tasks_status"},
    ),
    "relay": (
        lambda tx: releasing.put_back_unheard(tx, now=USUAL, before=USUAL),
        {"ix_tasks_status"},
    ),
    "claim": (
        lambda tx: delivering.claim(
            tx,
            task_id="1",
            seen_revision=None,
            boot_id="1",
            token="1",
            attempt=Attempt(gate="sms", provider="fake", text="Hello"),
            now=USUAL,
        ),
        {"ix_tasks_order"},
    ),
    "find": (lambda tx: delivering.find(tx, task_id="1"), set()),
    "take over": (
        lambda tx: (
            recovering.make_unknown(
                tx, boot_id="1", message=IN_DOUBT, own=IN_DOUBT, now=USUAL
            ),
            recovering.orphans(tx),
        ),
        {"ix_tasks_status"},
    ),
    "retry failed": (
        lambda tx: recovering.retry_failed(tx, now=LATER, due_before=USUAL),
        {"ix_tasks_status"},
    ),
    "expire": (
        lambda tx: recovering.expire_useless(
            tx, reason="", unasked=(), now=USUAL, at_most=9
        ),
        {"ix_tasks_useful"},
    ),
    "clean up": (
        lambda tx: cleaning.clean_batch(tx, finished_before=USUAL, limit=100),
        {"ix_tasks_finished"},
    ),
    "queues": (
        lambda tx: queues.waiting_by_lane(tx, now=USUAL),
        {"ix_tasks_due"},
    ),
    "queues by status": (queues.count_by_status, {"ix_tasks_status"}),
    "length of a queue": (
        lambda tx: queues.count_waiting(tx, "sms", at_most=5000),
        {"ix_tasks_due"},
    ),
    "purge": (
        lambda tx: queues.call_off(
            tx, "sms", last=ROWS, to={"status": "cancelled"}, at_most=ROWS * 2
        ),
        {"ix_tasks_due", "ix_tasks_status"},
    ),
    "purge's rest": (
        lambda tx: queues.under_way(tx, "sms", last=ROWS, at_most=10),
        {"ix_tasks_status"},
    ),
    "what workers hold": (working.held, {"ix_tasks_held"}),
    "holds": (
        lambda tx: bookings.expired_holds(tx, now=USUAL, limit=100),
        {"ix_bookings_hold"},
    ),
    "reminders": (
        lambda tx: reminders.to_remind(tx, now=USUAL, limit=100),
        {"ix_bookings_remind"},
    ),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_frequent_statement_goes_by_its_index(crowded: Runtime, name: str) -> None:
    statement, indexes = STATEMENTS[name]

    plans = plans_of(crowded, statement)

    used = " | ".join(plans)
    assert all(f"INDEX {index}" in used for index in indexes), used
    assert not [step for step in plans if step.startswith("SCAN tasks")], used


def test_the_first_of_many_are_found_without_sorting(crowded: Runtime) -> None:
    statement, _ = STATEMENTS["first of many"]

    plans = plans_of(crowded, statement)

    # They are read off the index; a sort would look at all rows.
    assert [step for step in plans if "TEMP B-TREE FOR ORDER BY" in step] == []
