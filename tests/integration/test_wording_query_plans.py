"""What is asked for each message of its words and its cost goes by an index."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.domain.recipients import Channel
from app.domain.templates import TemplateKey
from app.runtime import Runtime
from app.storage import costs, templates
from tests.plans import Ask, plans_of
from tests.postgres import about_sqlite

pytestmark = about_sqlite
KEY = TemplateKey(kind="message", channel=Channel.SMS, language="en")
ROW = {
    "seq": 7,
    "kind": "message",
    "created_at": datetime(2027, 1, 18, tzinfo=UTC),
    "booking_id": None,
    "recipient_name": "Alice",
    "args": {},
}


@pytest.mark.parametrize(
    ("ask", "by"),
    [
        (
            lambda tx: templates.live_ids(tx, kind="message", channel="sms"),
            "ix_template_versions_live (kind=? AND channel=?)",
        ),
        (lambda tx: templates.live(tx, KEY), "ix_template_versions_live"),
        (lambda tx: templates.find(tx, "x"), "(id=?)"),
        (
            lambda tx: templates.page(tx, KEY, before=None, limit=9),
            "(kind=? AND channel=? AND language=?)",
        ),
        (
            lambda tx: costs.spent(tx, day="2027-01-18", month="2027-01"),
            "(day>? AND day<?)",
        ),
        (
            lambda tx: costs.sums(tx, by="kind", first="2027-01-01", last="2027-01-31"),
            "(day>? AND day<?)",
        ),
        (lambda tx: costs.last_attempt(tx, "x"), "(task_id=? AND number=?)"),
        (lambda tx: costs.twin_by_mail(tx, ROW), "rowid>? AND rowid<?)"),
    ],
)
def test_a_question_goes_by_its_index(runtime: Runtime, ask: Ask, by: str) -> None:
    assert by in " | ".join(plans_of(runtime, ask))
