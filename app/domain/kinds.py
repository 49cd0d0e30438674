"""The kinds of message: on what occasion each is sent and when it stops being true.

To add one: an entry here and a folder of texts in `app/messages/`; a test says what is
missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from app.domain.bookings import BookingStatus

#: How long a message is useful where no appointment sets an end.
USEFUL_FOR = timedelta(hours=24)


class Kind(StrEnum):
    """Every occasion on which a customer hears from the business."""

    BOOKING_CONFIRMED = "booking_confirmed"
    BOOKING_CANCELLED = "booking_cancelled"
    BOOKING_RESCHEDULED = "booking_rescheduled"
    BOOKING_STATUS_CHANGED = "booking_status_changed"
    BOOKING_REMINDER = "booking_reminder"
    PAYMENT_RECEIVED = "payment_received"
    FOLLOW_UP = "follow_up"  # thanks after the appointment, and a link for a review
    MESSAGE = "message"
    REPLY = "reply"  # the answer to what a customer wrote
    ONE_TIME_CODE = "one_time_code"


class OnUnknown(StrEnum):
    """What is done when nobody can say whether the provider took a message."""

    RESEND_ONCE = "resend_once"  # a doubled confirmation is better than none
    HOLD = "hold"  # a person decides


class InQuietHours(StrEnum):
    """What a message does that would leave in quiet hours."""

    LEAVE = "leave"  # it leaves at any hour: a code, an answer to the customer
    SOON = "soon"  # it leaves if the appointment is within a day, else it waits
    WAIT = "wait"  # it waits for their end


@dataclass(frozen=True, kw_only=True)
class KindPolicy:
    """What the engine must know of a kind."""

    #: The booking must be in one of these when the message leaves; None: any.
    true_while: frozenset[BookingStatus] | None = None
    #: The message tells a start time, and is untrue once the booking has another.
    tells_start: bool = False
    #: The message tells a status, and is untrue once the booking has another.
    tells_status: bool = False
    #: Older unsent messages of these kinds about the booking are superseded by it.
    supersedes: frozenset[Kind] = frozenset()
    #: How long before the start it is sent (reminders).
    send_before: tuple[timedelta, ...] = ()
    #: Its channels one after the other, each only if the one before has not arrived
    #: in time; empty: all of them at once. `staff` calls the customer.
    ladder: tuple[str, ...] = ()
    ladder_wait: timedelta = timedelta(minutes=10)
    on_unknown: OnUnknown = OnUnknown.RESEND_ONCE
    #: It must be known: whoever has opted out of all but the essential still gets it.
    essential: bool = False
    #: What it does in quiet hours.
    quiet_hours: InQuietHours = InQuietHours.LEAVE
    #: Its topics that leave even to whoever has opted out of everything.
    despite_opt_out: frozenset[str] = frozenset()
    #: It leaves whatever else waits for the same recipient, and holds nothing back.
    waits_for_nobody: bool = False
    #: Its words are kept nowhere once it has left.
    is_secret: bool = False
    #: A site may order it; else Bellhop alone knows when it is due.
    is_ordered: bool = True
    #: The channels it may use; None: every one the customer can be reached on.
    channels: frozenset[str] | None = None
    #: The queue in which it waits; None: that of its channel.
    queue: str | None = None


#: Kinds that no fact of a booking sends: each says itself over which channels it goes.
NAMES_ITS_CHANNELS = frozenset({Kind.MESSAGE, Kind.REPLY, Kind.ONE_TIME_CODE})
_ABOUT_TIME = frozenset(
    {Kind.BOOKING_CONFIRMED, Kind.BOOKING_RESCHEDULED, Kind.BOOKING_REMINDER}
)

#: Every kind there is, with its policy.
KINDS: dict[Kind, KindPolicy] = {
    Kind.BOOKING_CONFIRMED: KindPolicy(
        true_while=frozenset({BookingStatus.CONFIRMED}),
        tells_start=True,
        essential=True,
    ),
    Kind.BOOKING_CANCELLED: KindPolicy(
        true_while=frozenset({BookingStatus.CANCELLED}),
        supersedes=_ABOUT_TIME,
        essential=True,
        quiet_hours=InQuietHours.SOON,
    ),
    Kind.BOOKING_RESCHEDULED: KindPolicy(
        true_while=frozenset({BookingStatus.CONFIRMED, BookingStatus.PENDING_PAYMENT}),
        tells_start=True,
        supersedes=frozenset({Kind.BOOKING_RESCHEDULED, Kind.BOOKING_REMINDER}),
        essential=True,
        quiet_hours=InQuietHours.SOON,
    ),
    Kind.BOOKING_STATUS_CHANGED: KindPolicy(
        tells_status=True,
        supersedes=frozenset({*_ABOUT_TIME, Kind.BOOKING_STATUS_CHANGED}),
        essential=True,
        quiet_hours=InQuietHours.SOON,
    ),
    Kind.BOOKING_REMINDER: KindPolicy(
        true_while=frozenset({BookingStatus.CONFIRMED}),
        tells_start=True,
        supersedes=frozenset({Kind.BOOKING_REMINDER}),
        send_before=(timedelta(hours=24), timedelta(hours=2)),
        quiet_hours=InQuietHours.WAIT,
    ),
    Kind.PAYMENT_RECEIVED: KindPolicy(essential=True, queue="high"),
    Kind.FOLLOW_UP: KindPolicy(
        true_while=frozenset({BookingStatus.CONFIRMED, BookingStatus.COMPLETED}),
        quiet_hours=InQuietHours.WAIT,
    ),
    Kind.MESSAGE: KindPolicy(quiet_hours=InQuietHours.WAIT),
    Kind.REPLY: KindPolicy(
        essential=True, despite_opt_out=frozenset({"stopped", "help"}), is_ordered=False
    ),
    Kind.ONE_TIME_CODE: KindPolicy(
        on_unknown=OnUnknown.HOLD,
        essential=True,
        waits_for_nobody=True,
        is_secret=True,
        is_ordered=False,
        queue="high",
    ),
}
