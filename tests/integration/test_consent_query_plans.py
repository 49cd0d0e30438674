"""What is asked of opt-outs and replies goes by an index, however many there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.runtime import Runtime
from app.storage import consent, customers, delivering, inbox
from tests.postgres import about_sqlite

pytestmark = about_sqlite
Ask = Callable[[sa.Connection], Any]
NOW = utc_now()


@pytest.mark.parametrize(
    ("ask", "by"),
    [
        (
            lambda tx: consent.find_suppression(tx, channel="sms", addresses=["x"]),
            "(channel=? AND address=?)",
        ),
        (lambda tx: delivering.find(tx, task_id="x"), "(channel=? AND address=?)"),
        (lambda tx: consent.ledger(tx, addresses=["x"]), "ix_consents_address"),
        (
            lambda tx: inbox.page(tx, states=["open"], before=None, limit=9),
            "ix_inbox_state",
        ),
        (lambda tx: inbox.count_open(tx, received_before=NOW), "ix_inbox_state"),
        (
            lambda tx: inbox.bookings_under(tx, phone="x", limit=9),
            "ix_bookings_customer_phone",
        ),
        (
            lambda tx: inbox.told_of(
                tx, booking_ids=["x"], channel="sms", recipient="y", since=NOW
            ),
            "ix_notifications_recipient",
        ),
        (
            lambda tx: inbox.count_answers(tx, channel="sms", recipient="x", since=NOW),
            "ix_notifications_recipient",
        ),
        (
            lambda tx: customers.trace(tx, addresses=["x"], pseudonyms=["y"]),
            "ix_inbox_address",
        ),
    ],
)
def test_a_question_goes_by_its_index(runtime: Runtime, ask: Ask, by: str) -> None:
    plans: list[str] = []

    @sa.event.listens_for(runtime.database.engine, "before_cursor_execute")
    def explain(
        connection: sa.Connection, _cursor: Any, sql: str, given: Any, *_more: Any
    ) -> None:
        cursor = connection.connection.cursor()
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", given)
        plans.extend(row[3] for row in cursor.fetchall())

    with runtime.database.engine.connect() as tx:
        ask(tx)
        tx.rollback()

    assert by in " | ".join(plans), plans
