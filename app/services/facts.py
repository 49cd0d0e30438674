"""Fills a message's facts: from its booking as it is now, or from the site's own data.

Called by delivery, milliseconds before the message is worded.
"""

from __future__ import annotations

from datetime import datetime

from app.config import Settings
from app.domain.facts import Facts, read_facts
from app.domain.kinds import Kind
from app.domain.money import Money, read_money
from app.services.links import Links
from app.storage.types import Row

#: Where a task keeps the `data` of a site that words its own messages.
SITE_DATA = "data"


def facts_of(settings: Settings, row: Row, *, links: Links) -> Facts:
    """Return the facts of a task's row as `delivering.find` reads it."""
    if SITE_DATA in row["args"]:
        return read_facts(
            row["kind"],
            row["args"][SITE_DATA],
            business_name=settings.business_name,
            customer_name=row["recipient_name"],
        )
    return _facts_of_booking(settings, row, links.manage_url(row["booking_id"]))


def _facts_of_booking(settings: Settings, row: Row, manage_url: str) -> Facts:
    told = row["args"]
    old_start = told.get("old_start")
    start = _start_of(row)
    return Facts(
        business_name=settings.business_name,
        customer_name=row["customer_name"],
        service_name=row["service_name"],
        start=start,
        end=start + (row["end"] - row["start"]),
        old_start=datetime.fromisoformat(old_start) if old_start else None,
        old_status=told.get("old_status", ""),
        new_status=told.get("new_status", ""),
        price=read_money(told["price"])
        if "price" in told
        else Money(row["price_amount"], row["price_currency"]),
        reference=row["reference"],
        manage_url=manage_url,
        reason=told.get("reason") or "",
        party_size=row["party_size"],
        topic=told.get("topic", ""),
        review_url=told.get("review_url", ""),
    )


def _start_of(row: Row) -> datetime:
    """Return the booking's start; in a cancellation the one that was told before."""
    # It may have been moved just before, and nobody has heard of that any more.
    if row["kind"] == Kind.BOOKING_CANCELLED and "start" in row["args"]:
        return datetime.fromisoformat(row["args"]["start"])
    start: datetime = row["start"]
    return start
