"""Plans reminders when their moment has come, from the appointment as it is now.

Called by the scheduler every minute. Nothing is planned ahead: a booking that moves or
is cancelled has no reminder that would have to be found and changed. Each booking says
when it is to be looked at next, so that a run reads only those.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.bookings import Booking, BookingStatus
from app.domain.kinds import Kind
from app.domain.reminders import Series, Step, due_step, next_moment, steps_of
from app.runtime import Runtime
from app.services import dispatch
from app.services.planning import address, channels_of, plan_for_booking
from app.services.quiet_hours import hours_of
from app.storage import bookings as store
from app.storage import catalogue, reminders

#: Bookings looked at in one transaction: no other one waits for a whole morning's.
AT_ONCE = 50
#: Bookings looked at in one run; after an update, or a long night, the next goes on.
MOST_A_RUN = 10_000
#: A booking is looked at so often at least: its series may have been changed.
AGAIN = timedelta(hours=6)

_Own = dict[str, tuple[timedelta, ...]]


def plan_due_reminders(runtime: Runtime) -> int:
    """Plan every reminder that is due and not planned yet; return how many messages."""
    now = utc_now()
    with runtime.database.read() as tx:
        due = reminders.to_remind(tx, now=now, limit=MOST_A_RUN)
    planned = 0
    for first in range(0, len(due), AT_ONCE):
        some = due[first : first + AT_ONCE]
        deed = partial(_look_at_all, runtime=runtime, due=some, now=now)
        planned += dispatch.perform(runtime, deed)
    return planned


def _look_at_all(
    tx: sa.Connection, runtime: Runtime, due: Sequence[str], *, now: datetime
) -> int:
    own = catalogue.own_reminders(tx)
    return sum(look_at(tx, runtime, one, own, now=now) for one in due)


def look_at(
    tx: sa.Connection, runtime: Runtime, booking_id: str, own: _Own, *, now: datetime
) -> int:
    """Plan what is due of one booking, and note the next look; return how many.

    `own`: the reminders of each service that has its own.
    """
    booking = store.find(tx, booking_id, lock=True)
    if booking is None:
        return 0
    steps = steps_of(booking, _series(tx, runtime, booking, own))
    step = due_step(booking, steps, now=now)
    reminders.note(
        tx,
        booking_id=booking.id,
        reminded=booking.reminded if step is None else step.occasion,
        told_at=booking.told_at if step is None else now,
        next_at=_next_look(booking, steps, now=now),
    )
    return 0 if step is None else len(_plan(tx, runtime, booking, step, now=now))


def _next_look(
    booking: Booking, steps: Sequence[Step], *, now: datetime
) -> datetime | None:
    """Return when a booking is to be looked at again; None: no more.

    One that no step is ahead of may still get one by another series.
    """
    again, next_at = now + AGAIN, next_moment(steps, now=now)
    if next_at is not None:
        return min(next_at, again)
    is_ahead = booking.status is BookingStatus.CONFIRMED and again < booking.start
    return again if is_ahead else None


def _plan(
    tx: sa.Connection, runtime: Runtime, booking: Booking, step: Step, *, now: datetime
) -> list[str]:
    is_follow_up = step.kind is Kind.FOLLOW_UP
    return plan_for_booking(
        tx,
        runtime,
        booking,
        kind=step.kind,
        now=now,
        args={"review_url": runtime.policy.review_url} if is_follow_up else None,
        occasion=step.occasion,
    )


def _series(tx: sa.Connection, runtime: Runtime, booking: Booking, own: _Own) -> Series:
    policy, customer = runtime.policy, booking.customer
    usual = policy.kinds[Kind.BOOKING_REMINDER].send_before
    house_zone = runtime.settings.timezone
    reached = {
        channel: address(customer, channel)
        for channel in channels_of(runtime, customer, Kind.BOOKING_REMINDER)
    }
    return Series(
        before=own.get(booking.service_id, usual),
        follow_up=policy.follow_up,
        zone=ZoneInfo(house_zone),
        customer_zone=ZoneInfo(customer.timezone or house_zone),
        quiet=hours_of(tx, runtime, Kind.BOOKING_REMINDER, reached),
    )
