"""Ladders of channels on the engine's bench: booked, told, climbed.

Messages leave over a fake provider, and are known under the names of real ones.
"""

from __future__ import annotations

import sqlalchemy as sa

from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from app.services import bookings
from app.services.climbing import climb_ladders
from app.storage.tables import bookings as bookings_table
from app.storage.tables import ladders, notifications, tasks
from tests.door import open_door
from tests.engine import Engine
from tests.house import perform, rows
from tests.replying import book
from tests.webhook_house import meta, meta_receipt, send

POLICY = """
[queues]
sms = { rate_limit = "0" }
whatsapp = { rate_limit = "0" }
email = { rate_limit = "0" }
[whatsapp]
free_words = true
[kinds.booking_confirmed]
ladder = ["whatsapp", "sms", "email", "staff"]
ladder_wait = "10m"
"""
#: The providers that tell: e-mail goes out over one that does not.
PROVIDERS = {Channel.WHATSAPP: "meta", Channel.SMS: "twilio", Channel.EMAIL: "smtp"}
SENT = Outcome(result=Result.ACCEPTED, provider_message_id="fake-w")
BAD = Outcome(result=Result.PERMANENT_RECIPIENT, reason="not on WhatsApp")


def climb(engine: Engine) -> None:
    """Do what the scheduler does, and let what follows leave."""
    climb_ladders(engine.runtime)
    engine.work()
    name_providers(engine)


def name_providers(engine: Engine) -> None:
    """Let each channel's message have left over its own provider."""
    known = notifications.c
    with engine.runtime.database.write() as tx:
        for channel, provider in PROVIDERS.items():
            tx.execute(
                sa.update(notifications)
                .where(known.channel == channel, known.provider == "fake")
                .values(provider=provider)
            )


def confirm(engine: Engine, *, days: float = 3) -> None:
    """Book for Alice, and let the first channel go."""
    book(engine, days=days)
    name_providers(engine)


def told(engine: Engine) -> dict[str, str]:
    """Return the state of each channel's message."""
    query = sa.select(notifications.c.channel, tasks.c.status).join(
        tasks, tasks.c.id == notifications.c.task_id
    )
    with engine.runtime.database.read() as tx:
        found = tx.execute(query.where(tasks.c.kind == "booking_confirmed"))
        return {row.channel: row.status for row in found}


def task_of(engine: Engine, channel: str) -> str:
    """Return the id of the message over a channel."""
    (row,) = rows(engine.runtime, notifications, channel=channel)
    return str(row["task_id"])


def state(engine: Engine) -> str:
    """Return where the one ladder stands."""
    (row,) = rows(engine.runtime, ladders)
    return str(row["state"])


def deliver_whatsapp(engine: Engine) -> None:
    """Let Meta say that its message has arrived."""
    receipt = meta_receipt("delivered", wamid="w-1", key=task_of(engine, "whatsapp"))
    send(open_door(engine.runtime), meta({"statuses": [receipt]}))


def cancel(engine: Engine) -> None:
    """Cancel the one booking."""
    (booking,) = rows(engine.runtime, bookings_table)
    perform(
        engine.runtime,
        lambda tx: bookings.cancel(
            tx,
            engine.runtime,
            bookings.find(tx, booking["id"]),
            now=engine.clock.now,
            reason="",
        ),
    )
