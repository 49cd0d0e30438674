"""Consent: what an address must not be sent, who said so, and how we know.

`services/consent.py` keeps it, the truth gate asks `OptOut.holds_back`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.domain.kinds import KindPolicy
from app.domain.recipients import Channel


class Scope(StrEnum):
    """How much an address must not be sent."""

    ALL = "all"  # nothing at all
    NONESSENTIAL = "nonessential"  # only what must be known


class Action(StrEnum):
    """What the ledger says of a consent."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class How(StrEnum):
    """How a consent was given or withdrawn."""

    SMS_REPLY = "sms_reply"  # the customer wrote STOP or START
    WHATSAPP_REPLY = "whatsapp_reply"  # the same on WhatsApp
    LINK = "link"  # on the customer's own page
    UNSUBSCRIBE = "unsubscribe"  # a click in the mail program
    API = "api"  # the site recorded it
    STAFF = "staff"  # a person of the business recorded it
    PROVIDER_CODE = "provider_code"  # a provider refused, and said why


#: Refusals that concern advertising alone, by provider and code: what must be known
#: still goes.
_OF_ADVERTISING = frozenset({("meta", "131050")})

#: What a reason begins with; the date follows.
_BEGINNINGS: Mapping[How, str] = {
    How.SMS_REPLY: "The customer opted out by SMS",
    How.WHATSAPP_REPLY: "The customer opted out by WhatsApp",
    How.LINK: "The customer opted out on their own page",
    How.UNSUBSCRIBE: "The customer unsubscribed from e-mails",
    How.API: "The customer opted out on the website",
    How.STAFF: "The staff noted that the customer opted out",
    How.PROVIDER_CODE: "Learned from the provider",
}

_REPLIES: Mapping[Channel, How] = {
    Channel.SMS: How.SMS_REPLY,
    Channel.WHATSAPP: How.WHATSAPP_REPLY,
}


def how_by_reply(channel: Channel) -> How:
    """Return how a consent is known that a customer wrote on this channel."""
    return _REPLIES[channel]


@dataclass(frozen=True, kw_only=True)
class Said:
    """What was said about messages to an address, how, and what proves it.

    `words`: what the customer wrote, clicked or agreed to. `evidence`: an id, of a
    message in the inbox, of a task, or of the site's own. `detail`: what the reason
    tells besides how and when.
    """

    channel: Channel
    #: In its normal form (`domain/recipients.py`).
    address: str
    how: How
    words: str = ""
    evidence: str | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class OptOut:
    """What an address must not be sent, and why, in plain words."""

    scope: Scope
    reason: str
    since: datetime

    def holds_back(self, policy: KindPolicy, args: Mapping[str, Any]) -> bool:
        """Tell whether a message that was planned with `args` must not leave."""
        if args.get("topic") in policy.despite_opt_out:
            return False
        return self.scope is Scope.ALL or not policy.essential


def scope_of_refusal(provider: str, code: str) -> Scope:
    """Return how much a provider will not bring to an address, by its code."""
    is_narrow = (provider, code) in _OF_ADVERTISING
    return Scope.NONESSENTIAL if is_narrow else Scope.ALL


def wider(first: Scope, second: Scope) -> Scope:
    """Return the scope that holds back more."""
    return Scope.ALL if Scope.ALL in (first, second) else Scope.NONESSENTIAL


def reason_of(said: Said, *, date: str) -> str:
    """Say why an address is sent nothing: `The customer opted out by SMS on …`."""
    told = f": {said.detail.rstrip('.')}" if said.detail else ""
    return f"{_BEGINNINGS[said.how]} on {date}{told}."
