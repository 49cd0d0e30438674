"""Answers what a customer wrote: a row like any message, planned once for each.

Called by `replies.py`. Never more than a few a day to one address: two machines that
answer each other would go on for ever.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.domain.bookings import Booking
from app.domain.inbound import InboundMessage
from app.domain.kinds import Kind
from app.domain.queues import URGENT
from app.domain.replies import Topic
from app.logs import fields
from app.runtime import Runtime
from app.services.facts import SITE_DATA
from app.services.planning import Plan, insert
from app.storage import inbox

log = logging.getLogger(__name__)

#: Answers to one address over one channel within a day.
MOST_ANSWERS = 10
_DAY = timedelta(days=1)
#: An answer that comes later than this would answer nothing any more.
_USEFUL_FOR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is answered to which message; `booking` is the one that it tells of."""

    message: InboundMessage
    #: The message's own entry in the inbox.
    entry_id: str
    topic: Topic
    locale: str | None
    booking: Booking | None = None
    #: The bookings that may be meant, by reference and time, in the reader's words.
    choices: str = ""


def answer(
    tx: sa.Connection, runtime: Runtime, answered: Answer, *, now: datetime
) -> str | None:
    """Plan an answer; None where enough has been answered to this address today."""
    message, booking = answered.message, answered.booking
    if _is_enough(tx, message, now=now):
        extra = fields("reply_not_answered", id=answered.entry_id, most=MOST_ANSWERS)
        log.warning("Too many answers to one address today", extra=extra)
        return None
    plan = Plan(
        kind=Kind.REPLY,
        channel=message.channel,
        recipient=message.sender,
        recipient_name=booking.customer.name if booking else "",
        locale=answered.locale,
        timezone=booking.customer.timezone if booking else None,
        args=_args(answered),
        booking_id=booking.id if booking else None,
        dedupe_key=f"reply/{answered.entry_id}",
        priority=URGENT,
        useful_until=now + _USEFUL_FOR,
    )
    return insert(tx, runtime, plan, now=now)


def _is_enough(tx: sa.Connection, message: InboundMessage, *, now: datetime) -> bool:
    count = inbox.count_answers(
        tx, channel=message.channel, recipient=message.sender, since=now - _DAY
    )
    return count >= MOST_ANSWERS


def _args(answered: Answer) -> dict[str, object]:
    # The gate looks at the topic; without a booking the texts have it of the data.
    args: dict[str, object] = {"topic": answered.topic}
    if answered.booking is None:
        data = {"topic": answered.topic, "choices": answered.choices}
        args[SITE_DATA] = {name: value for name, value in data.items() if value}
    return args
