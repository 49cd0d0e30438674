"""What a provider's answer means for us, in one vocabulary for all providers.

Channels return an `Outcome`; `domain/retry.py` decides what follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from app.domain.costs import Cost

#: Said of an unknown outcome that is looked up no more.
TOO_LATE_TO_RESEND = (
    "Nobody knows whether it was sent, and it is too late to send it again."
)


class Result(StrEnum):
    """The seven ways in which an attempt to send can end."""

    ACCEPTED = "accepted"  # the provider took it and named it
    TRANSIENT = "transient"  # not processed; safe to repeat later
    AMBIGUOUS = "ambiguous"  # it may have been taken: look it up before repeating
    PERMANENT_RECIPIENT = "permanent_recipient"  # this address will never work
    PERMANENT_CONTENT = "permanent_content"  # these words or this template never will
    SUPPRESSED = "suppressed"  # the recipient opted out or blocked us
    CONFIG = "config"  # our credentials, sender or account: a person must act


class Fault(StrEnum):
    """What an attempt tells of the provider itself, whatever became of the message."""

    NONE = "none"  # it is well: it took the message, or refused this one alone
    DOWN = "down"  # not reached, cut off, ill, or something else answered in its place
    TIMEOUT = "timeout"  # no answer within the deadline
    REFUSED = "refused"  # it serves us no more: a person must act
    LIMITED = "limited"  # we send too fast or too much; `retry_after` if it was named


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one attempt ended, in words that are safe to show and to log.

    `reason` is a plain sentence for a person and never holds the recipient's address
    or the message's text. `code` is the provider's own code, as text.
    """

    result: Result
    reason: str = ""
    code: str = ""
    provider_message_id: str = ""
    retry_after: timedelta | None = None
    fault: Fault = Fault.NONE
    #: What it costs, where the provider says so in its answer.
    price: Cost | None = None


class Lookup(StrEnum):
    """What asking the provider about an unknown outcome brought."""

    FOUND = "found"  # the provider has it: it was sent
    NOT_FOUND = "not_found"  # the provider answered, and does not have it
    UNANSWERED = "unanswered"  # the provider could not be asked just now
    UNSUPPORTED = "unsupported"  # this provider offers no look-up
