"""Customers who write back: one line a message, as a webhook would hand it over."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.bookings import Booking
from app.domain.inbound import InboundMessage
from app.domain.recipients import Channel
from app.runtime import Runtime
from app.services import bookings
from app.services.replies import take_reply
from app.storage.tables import inbox, tasks
from tests.engine import Engine
from tests.house import ALICE, BOB, make_booking, perform, rows

ALICES_PHONE = ALICE.phone or ""
BOBS_PHONE = BOB.phone or ""

_ids = itertools.count(1)


def inbound(text: str, **more: Any) -> InboundMessage:
    """Return an SMS of Alice's, unless said otherwise; each has an id of its own."""
    values: dict[str, Any] = {
        "provider": "vonage",
        "channel": Channel.SMS,
        "provider_message_id": f"in-{next(_ids)}",
        "sender": ALICES_PHONE,
        "recipient": "+14155550199",
        "text": text,
        "received_at": utc_now(),
        **more,
    }
    return InboundMessage(**values)


def take(runtime: Runtime, message: InboundMessage) -> None:
    """Take a message as a webhook does."""
    perform(runtime, lambda tx: take_reply(tx, runtime, message, now=utc_now()))


def write(runtime: Runtime, text: str, **more: Any) -> sa.RowMapping:
    """Let Alice write this; return the message's entry in the inbox."""
    message = inbound(text, **more)
    take(runtime, message)
    (entry,) = rows(runtime, inbox, provider_message_id=message.provider_message_id)
    return entry


def book(engine: Engine, *, days: float = 3, **more: Any) -> Booking:
    """Book for Alice, three days ahead unless said otherwise, and tell her."""
    start = engine.clock.now + timedelta(days=days)
    values = {"customer": ALICE, "start": start, "confirmed": True, **more}
    booking = make_booking(engine.runtime, **values)
    engine.work()
    return booking


def found(engine: Engine, booking: Booking) -> Booking:
    """Return the booking as it stands now."""
    with engine.runtime.database.read() as tx:
        return bookings.find(tx, booking.id)


def answers(runtime: Runtime) -> list[sa.RowMapping]:
    """Return the answers that were planned, the first one first."""
    return sorted(rows(runtime, tasks, kind="reply"), key=lambda row: int(row["seq"]))


def topics(runtime: Runtime) -> list[str]:
    """Return what was answered, in order."""
    return [row["args"]["topic"] for row in answers(runtime)]


def alerts(runtime: Runtime) -> list[str]:
    """Return what the staff was told of, in order."""
    found = sorted(
        rows(runtime, tasks, kind="staff_alert"), key=lambda r: int(r["seq"])
    )
    return [row["args"]["subject"] for row in found]
