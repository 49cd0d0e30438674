"""Asks whether a message would disturb its recipient: when planned, and at last.

Called by `planning.py`, `reminders.py` and `last_look.py`; the rules are those of
`domain/quiet_hours.py`. The customer's page writes what they choose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.domain import quiet_hours
from app.domain.bookings import Booking
from app.domain.gate import Delay, Refusal
from app.domain.kinds import InQuietHours, Kind
from app.domain.quiet_hours import QuietHours, Window, Wish, parse_window
from app.domain.recipients import Channel
from app.runtime import Runtime
from app.services.facts import SITE_DATA
from app.storage import preferences, reminders
from app.storage.types import Row


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What must be known of a message that is being planned."""

    kind: Kind
    channel: Channel
    recipient: str
    timezone: str
    args: Mapping[str, Any]
    due_at: datetime
    useful_until: datetime


def when_planned(
    tx: sa.Connection, runtime: Runtime, planned: Planned, *, now: datetime
) -> Refusal | Delay | None:
    """Return what keeps a message from leaving when it is due; None: it may."""
    if not _may_wait(runtime, planned.kind, planned.channel):
        return None
    own = preferences.quiet_hours_of(tx, address=planned.recipient)
    return quiet_hours.when_planned(
        runtime.policy.quiet_hours.for_recipient(own),
        _wish(runtime, planned.kind, planned.args, planned.useful_until),
        due_at=planned.due_at,
        now=now,
        zone=ZoneInfo(planned.timezone),
    )


def is_quiet(runtime: Runtime, row: Row, *, now: datetime) -> Refusal | Delay | None:
    """Return what keeps a message (row of `delivering.find`) from leaving now."""
    kind = Kind(row["kind"])
    if not _may_wait(runtime, kind, Channel(row["channel"])):
        return None
    own = parse_window(row["own_quiet_hours"])
    return quiet_hours.decide(
        runtime.policy.quiet_hours.for_recipient(own),
        _wish(runtime, kind, row["args"], row["useful_until"]),
        now=now,
        zone=ZoneInfo(row["timezone"]),
    )


def hours_of(
    tx: sa.Connection, runtime: Runtime, kind: Kind, addresses: Mapping[Channel, str]
) -> QuietHours | None:
    """Return in which hours a kind must not disturb who is reached so; None: in none.

    Of several addresses the first one's hours count: they are chosen for all of them.
    """
    for channel, address in addresses.items():
        if _may_wait(runtime, kind, channel):
            own = preferences.quiet_hours_of(tx, address=address)
            return runtime.policy.quiet_hours.for_recipient(own)
    return None


def own_window(tx: sa.Connection, booking: Booking) -> Window | None:
    """Return the quiet hours that a booking's customer chose; None: the house's."""
    chosen = (
        preferences.quiet_hours_of(tx, address=address)
        for address in _addresses(booking)
    )
    return next(filter(None, chosen), None)


def choose(
    tx: sa.Connection, booking: Booking, window: Window | None, *, now: datetime
) -> None:
    """Save when a booking's customer is not disturbed; None: as the house has it."""
    for address in _addresses(booking):
        preferences.set_quiet_hours(tx, address=address, window=window, now=now)
        reminders.remind_customer_anew(tx, address=address, now=now)


def _may_wait(runtime: Runtime, kind: Kind, channel: Channel) -> bool:
    waits = runtime.policy.kinds[kind].quiet_hours is not InQuietHours.LEAVE
    return waits and channel in runtime.policy.quiet_hours.channels


def _wish(
    runtime: Runtime, kind: Kind, args: Mapping[str, Any], useful_until: datetime
) -> Wish:
    policy = runtime.policy.kinds[kind]
    return Wish(
        mode=policy.quiet_hours,
        is_essential=policy.essential,
        useful_until=useful_until,
        appointments=tuple(_times(args)),
    )


def _times(args: Mapping[str, Any]) -> Iterable[datetime]:
    """Yield the times that a message is about: of a move, the old and the new one."""
    told = {**args.get(SITE_DATA, {}), **args}
    for name in ("start", "old_start"):
        if told.get(name):
            yield datetime.fromisoformat(told[name])


def _addresses(booking: Booking) -> Iterable[str]:
    return filter(None, (booking.customer.phone, booking.customer.email))
