"""What every provider is: a message in our words goes in, an `Outcome` comes out.

Implemented by one file per provider; called by `services/delivery.py` alone, one call
at a time. A provider never raises for what the other side does: it returns an outcome.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from app.domain.outcomes import Fault, Lookup, Outcome, Result
from app.domain.recipients import Channel

#: Seconds for a whole call to a provider: connecting, TLS, greeting, answer and all.
CALL_S = 10.0
#: Longest pause that a provider may ask of us for a message.
MAX_RETRY_AFTER = timedelta(days=7)
#: What we wait where it asks for more, or for what it does not mean: a moment (the
#: seconds since 1970) in place of a pause, a number found in words.
DOUBTFUL_RETRY_AFTER = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Invite:
    """A file for calendars, the same at every try; `method` is what it asks of them."""

    method: str
    content: str


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template that WhatsApp has approved, and what its places are filled with.

    `name` is the template's at Meta, or the `HX…` of its content at Twilio.
    """

    name: str
    language: str = ""
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Message:
    """One rendered message to one recipient.

    `key` is the notification's id: stable across attempts, so that a provider (or a
    mailbox, through the Message-ID) can recognise a repetition. `recipient` is E.164
    (`+4915112345678`) or an address. What follows `text` is used by e-mail only, but
    for the last.
    """

    key: str
    channel: Channel
    recipient: str
    recipient_name: str = ""
    text: str
    subject: str = ""
    html: str = ""
    #: Where answers go; empty: to the sender.
    reply_to: str = ""
    #: The key of the message under which mailboxes show this one; empty: none.
    follows: str = ""
    #: Where one click opts out of such messages; empty: nobody can.
    unsubscribe_url: str = ""
    #: The mailbox that takes opt-outs, too.
    unsubscribe_to: str = ""
    invite: Invite | None = None
    #: WhatsApp only: sent in place of the words, which stand for what it says.
    template: Template | None = None


@dataclass(frozen=True, kw_only=True)
class LookupAnswer:
    """What the provider knows of a message; the id only when it was found."""

    lookup: Lookup
    provider_message_id: str = ""


@dataclass(frozen=True)
class Verdict:
    """What a code of a provider means for us, and how a person reads it.

    A fault is named only where the code tells of the provider or of our account there:
    what depends on the recipient or on where the message goes is none.
    """

    result: Result
    reason: str
    fault: Fault = Fault.NONE
    retry_after: timedelta | None = None


class Provider(Protocol):
    """A company (or preview) that carries messages of one channel."""

    @property
    def name(self) -> str:
        """The provider's name as shown and stored, for example `twilio`."""

    @property
    def channel(self) -> Channel:
        """The channel this provider serves."""

    @property
    def repeats_safely(self) -> bool:
        """Whether a message of unknown outcome may be handed over again at once.

        True only where the key makes the second time harmless.
        """

    def send(self, message: Message, *, within_s: float = CALL_S) -> Outcome:
        """Hand the message over; the call ends in time whatever the other side does.

        An exception from outside (a time limit) may pass through; what became of the
        message is unknown then.
        """

    def look_up(
        self, message: Message, *, since: datetime, within_s: float = CALL_S
    ) -> LookupAnswer:
        """Ask whether a message handed over after `since` has arrived there.

        Not finding it proves little within the first minute.
        """

    def close(self) -> None:
        """Give back connections; safe to call twice, and before a first use."""
