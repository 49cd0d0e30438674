"""What is asked of opt-outs and replies goes by an index, however many there are."""

from __future__ import annotations

import pytest

from app.clock import utc_now
from app.runtime import Runtime
from app.storage import consent, customers, delivering, inbox
from tests.plans import Ask, plans_of
from tests.postgres import about_sqlite

pytestmark = about_sqlite
NOW = utc_now()


@pytest.mark.parametrize(
    ("ask", "by"),
    [
        (
            lambda tx: consent.find_suppression(
                tx, channel="sms", address="x", erased="y"
            ),
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
    assert by in " | ".join(plans_of(runtime, ask))
