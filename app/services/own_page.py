"""What customers do on their booking's own page: come, move, cancel, choose, opt out.

Called by `web/own_forms.py` through `dispatch.perform`. The same guarded deeds as by
reply and by the staff: whoever comes second is told how things stand.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.domain.bookings import Booking
from app.domain.consent import How, OptOut, Said, Scope
from app.domain.own_page import Amount, Deed, open_deeds
from app.domain.recipients import Channel
from app.errors import ConflictError, PlaceTakenError
from app.runtime import Runtime
from app.services import availability, bookings, catalogue, consent
from app.services.alerts import Alert, alert
from app.services.attendance import confirm_attendance
from app.services.incoming import house_formats
from app.services.planning import address
from app.storage import bookings as store

#: How many days ahead a booking may be moved to.
DAYS_AHEAD = 90


def come(
    tx: sa.Connection, runtime: Runtime, booking_id: str, *, now: datetime
) -> Booking:
    """Note that the customer will come; a second time changes nothing."""
    booking = bookings.find(tx, booking_id, lock=True)
    return confirm_attendance(tx, runtime, booking, now=now)


def cancel(
    tx: sa.Connection, runtime: Runtime, booking_id: str, *, now: datetime
) -> Booking:
    """Cancel a booking that has not begun, and let the staff know."""
    booking = _booking(tx, booking_id, Deed.CANCEL, now=now)
    booking = bookings.cancel(tx, runtime, booking, now=now, reason="")
    _tell_staff(tx, runtime, booking, "A customer cancelled a booking", now=now)
    return booking


def move(
    tx: sa.Connection,
    runtime: Runtime,
    booking_id: str,
    *,
    start: datetime,
    zone: ZoneInfo,
    now: datetime,
) -> Booking:
    """Move a booking that has not begun to a free time, and let the staff know.

    Only to a time that the page offers; raises PlaceTakenError where it is gone.
    """
    booking = _booking(tx, booking_id, Deed.MOVE, now=now)
    day = start.astimezone(zone).date()
    if start not in starts_on(tx, booking, day, zone=zone, now=now):
        raise PlaceTakenError([])
    booking = bookings.reschedule(tx, runtime, booking, start=start, now=now, reason="")
    _tell_staff(tx, runtime, booking, "A customer moved a booking", now=now)
    return booking


def starts_on(
    tx: sa.Connection, booking: Booking, day: date, *, zone: ZoneInfo, now: datetime
) -> list[datetime]:
    """Return the starts of a day to which a booking may be moved: places enough."""
    today = now.astimezone(zone).date()
    if not today <= day <= today + timedelta(days=DAYS_AHEAD):
        return []
    service = catalogue.find(tx, booking.service_id)
    # In UTC, because a day in which clocks change has other hours than 0 to 24.
    first, last = (
        datetime.combine(midnight, time(), tzinfo=zone).astimezone(UTC)
        for midnight in (day, day + timedelta(days=1))
    )
    free = availability.free_starts(
        tx, service, window=(first, last), now=now, but_not=booking.id
    )
    return [
        offer.start
        for offer in free
        if offer.places_left >= booking.party_size and offer.start != booking.start
    ]


def choose(
    tx: sa.Connection,
    booking_id: str,
    *,
    language: str,
    channels: frozenset[Channel],
    now: datetime,
) -> Booking:
    """Write what comes from now on in this language, over these channels alone.

    The country of the customer's locale stays, as long as its language does.
    """
    booking = bookings.find(tx, booking_id, lock=True)
    locale = booking.customer.locale or ""
    is_spoken = locale.replace("-", "_").partition("_")[0] == language
    customer = replace(
        booking.customer,
        locale=locale if is_spoken else language,
        channels=None if channels == ways_to(booking) else channels,
    )
    if customer == booking.customer:
        return booking
    return store.change(tx, booking, now=now, customer=customer)


def ways_to(booking: Booking) -> frozenset[Channel]:
    """Return the channels on which the customer can be reached at all."""
    return frozenset(c for c in Channel if address(booking.customer, c))


def opt_outs(
    tx: sa.Connection, runtime: Runtime, booking: Booking
) -> dict[Channel, OptOut | None]:
    """Return, for each channel with an address, what it must not be sent."""
    return {
        channel: consent.is_suppressed(
            tx, runtime, channel=channel, address=address(booking.customer, channel)
        )
        for channel in Channel
        if channel in ways_to(booking)
    }


def send(
    tx: sa.Connection,
    runtime: Runtime,
    booking_id: str,
    *,
    channel: Channel,
    amount: Amount,
    now: datetime,
) -> None:
    """Send a customer so much over a channel; nothing is noted that holds already."""
    said = _said(tx, booking_id, channel)
    held = consent.is_suppressed(tx, runtime, channel=channel, address=said.address)
    if amount is Amount.LESS and held is None:
        consent.opt_out(tx, runtime, said, now=now, scope=Scope.NONESSENTIAL)
    if amount is Amount.ALL and held is not None:
        consent.opt_in(tx, runtime, said, now=now)


def _booking(
    tx: sa.Connection, booking_id: str, deed: Deed, *, now: datetime
) -> Booking:
    booking = bookings.find(tx, booking_id, lock=True)
    if deed not in open_deeds(booking, now=now):
        raise ConflictError("A booking that is over or called off cannot be changed.")
    return booking


def _said(tx: sa.Connection, booking_id: str, channel: Channel) -> Said:
    booking = bookings.find(tx, booking_id)
    where = address(booking.customer, channel)
    if not where:
        raise ConflictError(f"The booking has no address for {channel}.")
    return Said(channel=channel, address=where, how=How.LINK, evidence=booking.id)


def _tell_staff(
    tx: sa.Connection, runtime: Runtime, booking: Booking, what: str, *, now: datetime
) -> None:
    here = house_formats(runtime)
    start = f"{here.date(booking.start)}, {here.time(booking.start)}"
    told = Alert(
        key=f"own_page/{booking.id}/{booking.revision}",
        subject=what,
        text=f"{booking.customer.name}, booking {booking.reference}, "
        f"{start} ({here.timezone}).",
    )
    alert(tx, runtime, told, now=now)
