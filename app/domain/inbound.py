"""A message that a customer sent us, in one form for all providers.

Made by the webhooks of `web/`, taken by `services/replies.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.recipients import Channel


@dataclass(frozen=True, kw_only=True)
class InboundMessage:
    """What a provider handed over; addresses are in their normal form."""

    provider: str
    channel: Channel
    #: The provider's own id: the same message may be handed over many times.
    provider_message_id: str
    sender: str
    recipient: str
    #: Empty where it is a picture or another thing without words.
    text: str
    received_at: datetime
    #: What a button that was pressed stands for.
    payload: str = ""
    #: STOP, START or HELP where the provider has answered that by itself.
    opt_out_type: str = ""
    #: What the customer is called in the app.
    profile_name: str = ""


class InboxState(StrEnum):
    """Where a customer's message stands."""

    OPEN = "open"  # a person must read it
    ANSWERED = "answered"  # Bellhop did what it asked for
    DONE = "done"  # a person has dealt with it
