"""Notifications, as requests and answers; a recipient is always masked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, Field, StrictInt

from app.domain.costs import Cost
from app.domain.kinds import Kind
from app.domain.recipients import Channel, masked
from app.domain.tasks import Status
from app.services.notifications import BulkResult
from app.services.orders import Order
from app.storage.messages import Filter
from app.web.schemas.costs import CostAnswer, cost_answer
from app.web.schemas.fields import (
    Address,
    Email,
    Id,
    Line,
    LocaleName,
    Metadata,
    MomentField,
    Phone,
    RequestModel,
    Told,
    Words,
)
from app.web.schemas.lists import PageQuery


class RecipientRequest(RequestModel):
    """To whom."""

    name: Told | None = None
    email: Email | None = None
    phone: Phone | None = None
    locale: LocaleName | None = None


class NotificationRequest(RequestModel):
    """A message that a site with its own bookings wants sent, one a channel.

    `data` is what the kind's texts tell: for `message` a `text` (and a `subject`).
    `useful_until`: 24 hours after it is due where not given. `priority`: lower leaves
    first.
    """

    kind: Kind
    channels: Annotated[list[Channel], Field(min_length=1, max_length=3)]
    to: RecipientRequest
    data: Metadata = Field(default_factory=dict)
    priority: Annotated[StrictInt, Field(ge=0, le=100)] | None = None
    send_at: MomentField | None = None
    useful_until: MomentField | None = None
    dedupe_key: Line | None = None
    booking_id: Id | None = None

    def order(self) -> Order:
        """Return the order in the house's own words."""
        return Order(
            kind=self.kind,
            channels=list(dict.fromkeys(self.channels)),
            email=self.to.email,
            phone=self.to.phone,
            name=self.to.name or "",
            locale=self.to.locale,
            data=self.data,
            priority=self.priority,
            send_at=self.send_at,
            useful_until=self.useful_until,
            dedupe_key=self.dedupe_key,
            booking_id=self.booking_id,
        )


class FilterRequest(RequestModel):
    """Which notifications; what is not given does not matter.

    `since` and `until` are about when it was planned, `q` about the recipient's name
    or the booking's reference, `recipient` is an address or a phone number.
    """

    status: Status | None = None
    channel: Channel | None = None
    kind: Kind | None = None
    booking_id: Id | None = None
    recipient: Address | None = None
    since: MomentField | None = None
    until: MomentField | None = None
    q: Words | None = None

    def filter(self) -> Filter:
        """Return the filter in the house's own words."""
        names = FilterRequest.model_fields
        return Filter(**{name: getattr(self, name) for name in names})


class NotificationsQuery(FilterRequest, PageQuery):
    """Which notifications, and which page of them."""


class AttemptAnswer(BaseModel):
    """One try: with whom, when, and how it ended (null while it goes on)."""

    number: int
    provider: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    code: str
    reason: str
    #: How often it was billed and what it cost; null: it has no price.
    segments: int | None
    cost: CostAnswer | None


class NotificationAnswer(BaseModel):
    """A notification as it is; `reason` says in plain words why it was not sent."""

    id: str
    booking_id: str | None
    kind: str
    channel: Channel
    recipient: str
    status: Status
    reason: str
    priority: int
    #: Of the owner's own words; 0: those that come with Bellhop.
    template_version: int
    attempts: int
    provider: str | None
    provider_message_id: str | None
    created_at: datetime
    due_at: datetime
    next_attempt_at: datetime | None
    useful_until: datetime
    sent_at: datetime | None
    delivered_at: datetime | None


class OneNotificationAnswer(NotificationAnswer):
    """A notification with all its attempts."""

    attempts: list[AttemptAnswer]  # type: ignore[assignment]  # a count in lists


class PlannedAnswer(BaseModel):
    """What was planned, one a channel."""

    data: list[NotificationAnswer]


class NotificationsAnswer(PlannedAnswer):
    """A page of notifications, the newest first."""

    next_cursor: str | None


class SkippedAnswer(BaseModel):
    """A notification that was left alone, and why."""

    id: str
    reason: str


class BulkAnswer(BaseModel):
    """How many matched, how many were moved, and which were not."""

    matched: int
    done: int
    skipped: list[SkippedAnswer]


_PLAIN = (
    "id",
    "booking_id",
    "kind",
    "channel",
    "status",
    "reason",
    "priority",
    "template_version",
    "attempts",
    "provider",
    "provider_message_id",
    "created_at",
    "due_at",
    "next_attempt_at",
    "useful_until",
    "sent_at",
    "delivered_at",
)


def notification_answer(
    row: sa.RowMapping, attempts: list[sa.RowMapping] | None = None
) -> dict[str, Any]:
    """Write a notification; with its attempts where they are given."""
    answer = {name: row[name] for name in _PLAIN}
    answer["recipient"] = masked(Channel(row["channel"]), row["recipient"])
    if attempts is not None:
        answer["attempts"] = [_attempt_answer(attempt) for attempt in attempts]
    return answer


def _attempt_answer(attempt: sa.RowMapping) -> dict[str, Any]:
    names = set(AttemptAnswer.model_fields) - {"cost"}
    micros, currency = attempt["cost_micros"], attempt["cost_currency"]
    cost = None if micros is None else cost_answer(Cost(micros, currency))
    return {**{name: attempt[name] for name in names}, "cost": cost}


def bulk_answer(result: BulkResult) -> dict[str, Any]:
    """Write what a bulk deed did."""
    return {
        "matched": result.matched,
        "done": result.done,
        "skipped": [{"id": s.id, "reason": s.reason} for s in result.skipped],
    }
