"""Does what a customer asks for in a message: stop, come, cancel, be late, or a person.

Called by the webhooks with each message, in one transaction with its raw event. A
message is kept in the inbox, and acted upon once, however often it is brought. What is
no keyword waits there for the staff, who is told of it, and is never answered by a
machine. Answers are rows like any message: the webhook's own answer stays empty.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from app.domain.bookings import Booking
from app.domain.ids import new_id
from app.domain.inbound import InboundMessage, InboxState
from app.domain.keywords import Meaning
from app.domain.plain_text import clean_line, clean_text, shortened
from app.domain.replies import Understood, as_opt_out, understand
from app.logs import fields
from app.runtime import Runtime
from app.services.incoming import Handled, Incoming
from app.services.reply_deeds import DEEDS
from app.storage import inbox

log = logging.getLogger(__name__)

#: Letters of a message that are kept: WhatsApp takes no more in one.
_MOST_LETTERS = 4096
#: Letters of a name that are kept.
_MOST_NAME = 200
#: Bookings of one number that are looked at, the newest ones.
_MOST_BOOKINGS = 50


def take_reply(
    tx: sa.Connection, runtime: Runtime, message: InboundMessage, *, now: datetime
) -> None:
    """Keep a customer's message, and do once what it asks for.

    Through `dispatch.perform`, so that the answer leaves at once.
    """
    entry_id = new_id()
    bookings = inbox.bookings_under(tx, phone=message.sender, limit=_MOST_BOOKINGS)
    if not inbox.keep(tx, _entry(entry_id, message, bookings)):
        return
    incoming = Incoming(
        tx=tx,
        runtime=runtime,
        message=message,
        entry_id=entry_id,
        bookings=bookings,
        now=now,
    )
    understood = _understood(message, bookings)
    handled = _handled(incoming, understood)
    meaning = understood.meaning if understood else ""
    inbox.change(
        tx,
        entry_id,
        meaning=meaning,
        state=handled.state,
        booking_id=handled.booking.id if handled.booking else None,
    )
    log.info(
        "Reply taken",
        extra=fields(
            "reply_taken", id=entry_id, channel=message.channel, meaning=meaning
        ),
    )


def _handled(incoming: Incoming, understood: Understood | None) -> Handled:
    if understood is not None:
        return DEEDS[understood.meaning](incoming, understood)
    incoming.tell_staff("A customer wrote")
    return Handled(state=InboxState.OPEN)


def _understood(
    message: InboundMessage, bookings: Sequence[Booking]
) -> Understood | None:
    """Return what the words mean, or else the button that was pressed.

    "Yes perfect" is no keyword with a reference, unless a booking of theirs has it.
    What the provider took for an opt-out is one, in whatever words it was written: it
    lets nothing through to that number any more.
    """
    said = (message.text, message.payload, message.opt_out_type)
    found = [understand(words, channel=message.channel) for words in said]
    theirs = {None, *(booking.reference for booking in bookings)}
    understood = next((one for one in found if one and one.reference in theirs), None)
    if understood and found[-1] and found[-1].meaning is Meaning.STOP:
        return as_opt_out(understood)
    return understood


def _entry(
    entry_id: str, message: InboundMessage, bookings: Sequence[Booking]
) -> dict[str, object]:
    name = bookings[0].customer.name if bookings else message.profile_name
    return {
        "id": entry_id,
        "provider": message.provider,
        "provider_message_id": message.provider_message_id,
        "channel": message.channel,
        "address": message.sender,
        "sender_name": shortened(clean_line(name), limit=_MOST_NAME),
        "text": shortened(clean_text(message.text), limit=_MOST_LETTERS),
        "received_at": message.received_at,
        "meaning": "",
        "state": InboxState.OPEN,
    }
