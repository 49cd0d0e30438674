"""The deeds that a keyword of a customer asks for, one function each.

Called by `replies.py`. Bookings are changed by the same guarded deeds as on the
customer's page and by the staff: whoever comes second is told how things stand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from app.domain.bookings import Booking, BookingStatus
from app.domain.consent import Said, how_by_reply
from app.domain.formats import formats_for
from app.domain.inbound import InboxState
from app.domain.keywords import ANSWERED_BY, Meaning
from app.domain.kinds import Kind
from app.domain.meant_booking import meant
from app.domain.plain_text import clean_text, shortened
from app.domain.replies import Topic, Understood
from app.services import bookings, consent
from app.services.attendance import confirm_attendance
from app.services.incoming import Handled, Incoming
from app.services.planning import channels_of
from app.storage import inbox

#: Of several bookings the one is meant that we wrote of within this time.
_TOLD_WITHIN = timedelta(hours=48)
#: Bookings that are named where several may be meant: an SMS has little room.
_MOST_CHOICES = 4

#: Letters of an opt-out that the ledger keeps: keywords are short.
_MOST_WORDS = 200

Deed = Callable[[Incoming, Understood], Handled]


def stop(incoming: Incoming, understood: Understood) -> Handled:
    """Send nothing more on this channel; ask the staff where a booking may be meant."""
    consent.opt_out(incoming.tx, incoming.runtime, _said(incoming), now=incoming.now)
    if not _is_answered(incoming, understood):
        incoming.say(Topic.STOPPED, understood)
    if not (understood.is_ambiguous and _has_a_booking_ahead(incoming)):
        return Handled(state=InboxState.ANSWERED)
    incoming.tell_staff("A customer opted out, and may have meant a booking")
    return Handled(state=InboxState.OPEN)


def start(incoming: Incoming, understood: Understood) -> Handled:
    """Send everything on this channel again."""
    consent.opt_in(incoming.tx, incoming.runtime, _said(incoming), now=incoming.now)
    if not _is_answered(incoming, understood):
        incoming.say(Topic.STARTED, understood)
    return Handled(state=InboxState.ANSWERED)


def tell_words(incoming: Incoming, understood: Understood) -> Handled:
    """Say who we are and which words we know."""
    if not _is_answered(incoming, understood):
        incoming.say(Topic.HELP, understood)
    return Handled(state=InboxState.ANSWERED)


def come(incoming: Incoming, understood: Understood) -> Handled:
    """Note that the customer will come."""
    return _with_booking(incoming, understood, _come)


def cancel(incoming: Incoming, understood: Understood) -> Handled:
    """Cancel the booking that is meant."""
    return _with_booking(incoming, understood, _cancel)


def come_late(incoming: Incoming, understood: Understood) -> Handled:
    """Tell the staff that the customer will be late."""
    return _with_booking(incoming, understood, _come_late)


#: What is done for each keyword.
DEEDS: Mapping[Meaning, Deed] = {
    Meaning.STOP: stop,
    Meaning.START: start,
    Meaning.HELP: tell_words,
    Meaning.CONFIRM: come,
    Meaning.CANCEL: cancel,
    Meaning.LATE: come_late,
}


def _has_a_booking_ahead(incoming: Incoming) -> bool:
    return any(_over(incoming, booking) is None for booking in incoming.bookings)


def _said(incoming: Incoming) -> Said:
    message = incoming.message
    return Said(
        channel=message.channel,
        address=message.sender,
        how=how_by_reply(message.channel),
        words=shortened(clean_text(message.text), limit=_MOST_WORDS),
        evidence=incoming.entry_id,
    )


def _is_answered(incoming: Incoming, understood: Understood) -> bool:
    """Tell whether the provider has answered this word by itself."""
    message = incoming.message
    own_words = ANSWERED_BY.get((message.provider, message.channel), frozenset())
    return bool(message.opt_out_type) or understood.word in own_words


def _with_booking(
    incoming: Incoming,
    understood: Understood,
    deed: Callable[[Incoming, Understood, Booking], Handled],
) -> Handled:
    """Do a deed to the booking that is meant, or ask which one it is."""
    found = meant(
        incoming.bookings,
        meaning=understood.meaning,
        reference=understood.reference,
        told=_told_of(incoming),
        now=incoming.now,
    )
    if found.booking is not None:
        booking = bookings.find(incoming.tx, found.booking.id, lock=True)
        return deed(incoming, understood, booking)
    if found.several:
        choices = _choices(incoming, understood, found.several)
        incoming.say(Topic.WHICH_ONE, understood, choices=choices)
        return Handled(state=InboxState.OPEN)
    if not _has_a_booking_ahead(incoming):
        incoming.say(Topic.NO_BOOKING, understood)
    incoming.tell_staff("A customer wrote about a booking that was not found")
    return Handled(state=InboxState.OPEN)


def _come(incoming: Incoming, understood: Understood, booking: Booking) -> Handled:
    if (topic := _over(incoming, booking)) is None:
        topic = Topic.COMING
        booking = confirm_attendance(
            incoming.tx, incoming.runtime, booking, now=incoming.now
        )
    incoming.say(topic, understood, booking=booking)
    return Handled(state=InboxState.ANSWERED, booking=booking)


def _cancel(incoming: Incoming, understood: Understood, booking: Booking) -> Handled:
    topic = _over(incoming, booking)
    if topic is not None:
        incoming.say(topic, understood, booking=booking)
        return Handled(state=InboxState.ANSWERED, booking=booking)
    booking = bookings.cancel(
        incoming.tx, incoming.runtime, booking, now=incoming.now, reason=""
    )
    told_on = channels_of(incoming.runtime, booking.customer, Kind.BOOKING_CANCELLED)
    if incoming.message.channel not in told_on:
        incoming.say(Topic.CANCELLED, understood, booking=booking)
    incoming.tell_staff("A customer cancelled a booking", booking=booking)
    return Handled(state=InboxState.ANSWERED, booking=booking)


def _come_late(incoming: Incoming, understood: Understood, booking: Booking) -> Handled:
    over = _over(incoming, booking)
    if over is not None and not _goes_on(incoming, booking):
        incoming.say(over, understood, booking=booking)
        return Handled(state=InboxState.ANSWERED, booking=booking)
    incoming.say(Topic.LATE, understood, booking=booking)
    incoming.tell_staff("A customer will be late", booking=booking)
    return Handled(state=InboxState.OPEN, booking=booking)


def _over(incoming: Incoming, booking: Booking) -> Topic | None:
    """Say why nothing can be done to a booking any more; None: it can."""
    if booking.status is BookingStatus.CANCELLED:
        return Topic.CANCELLED_BEFORE
    is_ahead = booking.start > incoming.now
    return (
        None if is_ahead and booking.status is BookingStatus.CONFIRMED else Topic.BEGUN
    )


def _goes_on(incoming: Incoming, booking: Booking) -> bool:
    is_on = booking.start <= incoming.now < booking.end
    return is_on and booking.status is BookingStatus.CONFIRMED


def _told_of(incoming: Incoming) -> set[str]:
    message = incoming.message
    return inbox.told_of(
        incoming.tx,
        booking_ids=[booking.id for booking in incoming.bookings],
        channel=message.channel,
        recipient=message.sender,
        since=incoming.now - _TOLD_WITHIN,
    )


def _choices(
    incoming: Incoming, understood: Understood, several: Sequence[Booking]
) -> str:
    """Name the bookings as the customer may write them: reference and time."""
    settings = incoming.runtime.settings
    reader = formats_for(
        locale=incoming.locale(understood) or settings.locale,
        timezone=several[0].customer.timezone or settings.timezone,
    )
    return "; ".join(
        f"{b.reference} {reader.short_day(b.start)} {reader.time(b.start)}"
        for b in several[:_MOST_CHOICES]
    )
