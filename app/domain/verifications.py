"""One-time codes: how long they hold, how often they are tried, and how many are sent.

Whoever can have codes sent can have them sent to numbers that pay him (pumping): so few
countries, few codes a number, and a stop where one block of numbers gets many.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.domain.recipients import Channel

DIGITS = 6
HOLDS_FOR = timedelta(minutes=10)
TRIES = 5
#: Nobody asks for a second code sooner than a first one takes to arrive.
AGAIN_AFTER = timedelta(minutes=1)
#: Letters of a number that a block of numbers has in common (`+491511`).
PREFIX_LENGTH = 7
#: In this time so many codes to one block of numbers are looked at ...
BURST_WITHIN = timedelta(minutes=10)
#: ... and are an attack where fewer than this share were ever typed in.
LEAST_TYPED_IN = 0.2
#: For so long no codes leave over the channel then, unless a person looks sooner.
STOPPED_FOR = timedelta(hours=1)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class CodeLimits:
    """How many codes are sent at most (`[verifications]` of the policy)."""

    #: ISO 3166; None: that of the business, or every one where it names none.
    countries: frozenset[str] | None = None
    per_recipient_a_day: int = 10
    per_visitor_an_hour: int = 10
    a_day: int = 500
    burst: int = 20


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What has been sent lately."""

    to_recipient_just_now: bool
    to_recipient_today: int
    for_visitor_this_hour: int
    today: int
    to_prefix: int
    to_prefix_typed_in: int
    is_stopped: bool


@dataclass(frozen=True, kw_only=True)
class TooMany:
    """Why no code is sent now, and when it may be asked for again."""

    reason: str
    again_after: timedelta
    #: The channel is to be stopped, and the staff to be told.
    is_attack: bool = False


def too_many(limits: CodeLimits, sent: Sent, *, channel: Channel) -> TooMany | None:
    """Return why no code may be sent now, or None if it may."""
    if sent.is_stopped:
        reason = "No codes are sent over this channel just now."
        return TooMany(reason=reason, again_after=STOPPED_FOR)
    if sent.to_recipient_just_now:
        reason = "A code was sent a moment ago. Wait for it before asking for another."
        return TooMany(reason=reason, again_after=AGAIN_AFTER)
    if sent.to_recipient_today >= limits.per_recipient_a_day:
        reason = "Too many codes were sent there today."
        return TooMany(reason=reason, again_after=_DAY)
    if sent.for_visitor_this_hour >= limits.per_visitor_an_hour:
        reason = "Too many codes were asked for from there."
        return TooMany(reason=reason, again_after=_HOUR)
    if sent.today >= limits.a_day:
        reason = "As many codes as may leave in a day have left."
        return TooMany(reason=reason, again_after=_HOUR)
    if channel is not Channel.EMAIL and _is_burst(limits, sent):
        reason = "Too many codes went to numbers like this one."
        return TooMany(reason=reason, again_after=STOPPED_FOR, is_attack=True)
    return None


def _is_burst(limits: CodeLimits, sent: Sent) -> bool:
    few = sent.to_prefix * LEAST_TYPED_IN
    return sent.to_prefix >= limits.burst and sent.to_prefix_typed_in < few
