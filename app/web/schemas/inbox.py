"""What customers wrote, as answers; and which of it is asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel

from app.domain.inbound import InboxState
from app.domain.recipients import Channel
from app.web.schemas.lists import PageQuery


class InboxQuery(PageQuery):
    """Which messages of customers: `open` ones wait for a person."""

    state: InboxState | None = None


class InboxAnswer(BaseModel):
    """A customer's message, and what became of it.

    `meaning`: what Bellhop took it for (`stop`, `cancel`, …); empty: nothing it knows.
    """

    id: str
    channel: Channel
    address: str
    name: str
    text: str
    received_at: datetime
    meaning: str
    state: InboxState
    booking_id: str | None
    booking_reference: str | None
    done_at: datetime | None


class InboxPageAnswer(BaseModel):
    """A page of customers' messages, the newest first."""

    data: list[InboxAnswer]
    next_cursor: str | None


_PLAIN = (
    *("id", "channel", "address", "text", "received_at", "meaning", "state"),
    *("booking_id", "done_at"),
)


def inbox_answer(row: sa.RowMapping) -> dict[str, Any]:
    """Write a customer's message, with the name that the booking or the app tells."""
    answer: dict[str, Any] = {name: row[name] for name in _PLAIN}
    answer["name"] = row["customer_name"] or row["sender_name"]
    answer["booking_reference"] = row["reference"]
    return answer
