"""What an e-mail has besides its words: its thread, the way out, a calendar file.

Called by `courier.worded`. The same at every try, so that a provider or a mailbox
recognises a repetition.
"""

from __future__ import annotations

from dataclasses import replace

from app.channels.base import Message
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.runtime import Runtime
from app.services.invitations import invite_of
from app.services.links import Links, Subscriber
from app.storage.types import Row


def unsubscribe_url(runtime: Runtime, row: Row, *, links: Links) -> str:
    """Return where the reader opts out of such e-mails; empty where nobody can.

    What a customer must know of a booking is sent all the same.
    """
    is_email = row["channel"] == Channel.EMAIL
    if not is_email or runtime.policy.kinds[Kind(row["kind"])].essential:
        return ""
    return links.unsubscribe_url(
        Subscriber(address=row["recipient"], locale=row["locale"])
    )


def in_envelope(
    runtime: Runtime,
    message: Message,
    row: Row,
    *,
    links: Links,
    unsubscribe_url: str,
) -> Message:
    """Return an e-mail (row of `delivering.find`) with all that mailboxes look for."""
    if message.channel is not Channel.EMAIL:
        return message
    policy, booking_id = runtime.policy, row["booking_id"]
    manage_url = links.manage_url(booking_id) if booking_id else ""
    return replace(
        message,
        reply_to=policy.reply_to,
        follows=row["confirmation_id"] or "",
        unsubscribe_url=unsubscribe_url,
        unsubscribe_to=policy.unsubscribe_to if unsubscribe_url else "",
        invite=invite_of(runtime.settings, row, url=manage_url),
    )
