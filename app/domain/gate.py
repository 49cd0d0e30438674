"""The truth gate: whether a message may still leave, decided at the last moment.

Asked by `services/delivery.py` milliseconds before the provider is called. Every "no"
is a state with a reason in plain words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.domain.bookings import BookingStatus
from app.domain.consent import OptOut
from app.domain.durations import write_duration
from app.domain.kinds import KindPolicy
from app.domain.tasks import Status


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a message must not leave, and the state it goes to instead."""

    status: Status
    reason: str


@dataclass(frozen=True, kw_only=True)
class Delay:
    """Why a message must not leave yet, and when it is looked at again."""

    until: datetime
    reason: str


#: What is said, too, of a message of which an earlier attempt's end is not known.
MAY_HAVE_LEFT = " It may have been sent before: its provider gave no clear answer."
TOO_LATE = Refusal(status=Status.EXPIRED, reason="It would come too late to be useful.")


def too_late(ttl: timedelta, *, due_at: datetime, useful_until: datetime) -> Refusal:
    """Say why what is useful no more expires: by itself, or by its queue's ttl."""
    if ttl and useful_until == due_at + ttl:
        return Refusal(status=Status.EXPIRED, reason=waited_too_long(ttl))
    return TOO_LATE


def waited_too_long(ttl: timedelta) -> str:
    """Say that something has waited for as long as its queue's ttl."""
    return f"It has waited as long as its queue allows (ttl {write_duration(ttl)})."


@dataclass(frozen=True, kw_only=True)
class BookingNow:
    """What the gate must know of the booking as it stands."""

    status: BookingStatus
    start: datetime


def refusal(
    policy: KindPolicy,
    *,
    args: Mapping[str, Any],
    booking: BookingNow | None,
    useful_until: datetime,
    now: datetime,
) -> Refusal | None:
    """Return why the message must not leave, or None if it may.

    `args` is what the message was planned with; `booking` is None where it is about
    none.
    """
    if now >= useful_until:
        return TOO_LATE
    if booking is None:
        return None
    return _untrue(policy, args, booking)


def unwanted(
    policy: KindPolicy, args: Mapping[str, Any], opt_out: OptOut | None
) -> Refusal | None:
    """Return that the recipient wants no such message; None: nothing is known."""
    if opt_out is None or not opt_out.holds_back(policy, args):
        return None
    return Refusal(status=Status.SUPPRESSED, reason=opt_out.reason)


def _untrue(
    policy: KindPolicy, args: Mapping[str, Any], booking: BookingNow
) -> Refusal | None:
    if policy.true_while is not None and booking.status not in policy.true_while:
        return _status_refusal(booking.status)
    if policy.tells_start and _told_start(args) not in (None, booking.start):
        return Refusal(
            status=Status.SUPERSEDED,
            reason="The booking was moved; this message tells its old time.",
        )
    told_status = args.get("new_status", booking.status)
    if policy.tells_status and told_status != booking.status:
        return Refusal(
            status=Status.SUPERSEDED,
            reason="The booking's status has changed again since.",
        )
    return None


def _status_refusal(status: BookingStatus) -> Refusal:
    if status is BookingStatus.CANCELLED:
        return Refusal(status=Status.CANCELLED, reason="The booking was cancelled.")
    words = status.replace("_", " ")
    return Refusal(
        status=Status.SUPERSEDED,
        reason=f"The booking is {words} now, and this message would be untrue.",
    )


def _told_start(args: Mapping[str, Any]) -> datetime | None:
    # A site that words its own message about a booking tells what it likes.
    told = args.get("start")
    return datetime.fromisoformat(told) if told else None
