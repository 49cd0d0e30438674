"""Plans messages: one task a channel, in the transaction of the fact they tell.

Called by the deeds on bookings, the reminders and `POST /notifications`. Rings nothing:
`dispatch.perform` does, after the commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.channels.table import Mode
from app.domain.bookings import Booking, Customer
from app.domain.gate import Delay, Refusal, unwanted
from app.domain.ids import new_id
from app.domain.kinds import USEFUL_FOR, Kind
from app.domain.ladders import STAFF
from app.domain.lanes import Lane
from app.domain.recipients import Channel
from app.domain.tasks import Status
from app.runtime import Runtime
from app.services import consent, quiet_hours
from app.services.calling_off import IS_BACK, call_off_older, corrected, history
from app.services.pins import pin_of
from app.services.policies import policy_in_force
from app.storage import bookings, ladders, planning

#: Said of a message whose channel has no credentials (CONTRACT section 3).
CHANNEL_OFF = "channel not configured"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One message to be planned; what is None is taken from the tables."""

    kind: Kind
    channel: Channel
    recipient: str
    recipient_name: str = ""
    locale: str | None = None
    timezone: str | None = None
    #: What the texts need and the booking's row does not tell.
    args: Mapping[str, Any]
    booking_id: str | None = None
    dedupe_key: str | None = None
    #: Where it waits; as its kind says, or in its channel's own queue.
    queue: str | None = None
    priority: int | None = None
    due_at: datetime | None = None
    useful_until: datetime | None = None
    #: The ladder whose rung it is; None: it stands alone.
    ladder_id: str | None = None


def plan_for_booking(
    tx: sa.Connection,
    runtime: Runtime,
    booking: Booking,
    *,
    kind: Kind,
    now: datetime,
    args: Mapping[str, Any] | None = None,
    occasion: str | None = None,
) -> list[str]:
    """Plan a message about a booking on each of its customer's channels.

    Where the kind has a ladder, on its first channel alone (see `climbing.py`). Older
    unsent messages that it makes untrue are called off. `occasion` names what makes the
    message unique within the booking; its revision, where none is given.
    """
    moves = call_off_older(tx, runtime, booking, kind=kind, now=now)
    known = history(tx, booking, kind=kind)
    told = {
        "start": booking.start.isoformat(),
        "sequence": booking.sequence,
        **(args or {}),
    }
    planned = []
    occasion = occasion or str(booking.revision)
    channels = list(channels_of(runtime, booking.customer, kind))
    ladder = _ladder(runtime, booking, kind, channels, occasion=occasion, now=now)
    for channel in channels if ladder is None else [Channel(ladder["rungs"][0])]:
        # A ladder tells one message: what was heard on any of its channels counts.
        here = [it for it in known if ladder is not None or it.channel is channel]
        facts = corrected(told, here, kind=kind)
        if facts is None:
            continue
        plan = booking_plan(
            booking,
            kind=kind,
            channel=channel,
            args=facts,
            occasion=occasion,
            now=now,
            ladder_id=None if ladder is None else ladder["id"],
        )
        if task_id := insert(tx, runtime, plan, now=now):
            planned.append(task_id)
            if ladder is not None:
                ladders.insert(tx, {**ladder, "task_id": task_id})
    if moves and not planned and kind is Kind.BOOKING_RESCHEDULED:
        planning.explain(tx, task_ids=moves, reason=IS_BACK)
    return planned


def booking_plan(
    booking: Booking,
    *,
    kind: Kind,
    channel: Channel,
    args: Mapping[str, Any],
    occasion: str,
    now: datetime,
    ladder_id: str | None = None,
) -> Plan:
    """Return the plan of a message about a booking over one channel."""
    return Plan(
        kind=kind,
        channel=channel,
        recipient=address(booking.customer, channel),
        recipient_name=booking.customer.name,
        locale=booking.customer.locale,
        timezone=booking.customer.timezone,
        args=args,
        booking_id=booking.id,
        dedupe_key=f"{booking.id}/{kind}/{channel}/{occasion}",
        useful_until=_useful_until(booking, now),
        ladder_id=ladder_id,
    )


def _ladder(
    runtime: Runtime,
    booking: Booking,
    kind: Kind,
    channels: Sequence[Channel],
    *,
    occasion: str,
    now: datetime,
) -> dict[str, Any] | None:
    """Return the ladder that the message begins to climb; None: it has none."""
    policy = runtime.policy.kinds[kind]
    rungs = [rung for rung in policy.ladder if rung == STAFF or rung in channels]
    if not rungs or rungs[0] == STAFF:
        return None
    return {
        "id": new_id(),
        "booking_id": booking.id,
        "kind": kind,
        "occasion": occasion,
        "rungs": rungs,
        "rung": 0,
        "climb_at": now + policy.ladder_wait,
        "state": "open",
        "created_at": now,
    }


def insert(
    tx: sa.Connection, runtime: Runtime, plan: Plan, *, now: datetime
) -> str | None:
    """Save one planned message; None where its dedupe key has been used before."""
    task = _task(tx, runtime, plan, now=now)
    locale = plan.locale or runtime.settings.locale
    notification = {
        "task_id": task["id"],
        "channel": plan.channel,
        "recipient": plan.recipient,
        "recipient_name": plan.recipient_name,
        "locale": locale,
        "timezone": plan.timezone or runtime.settings.timezone,
        "template_id": pin_of(
            tx, runtime, kind=plan.kind, channel=plan.channel, locale=locale
        ),
        "ladder_id": plan.ladder_id,
    }
    fresh = planning.insert_notification(tx, task=task, notification=notification)
    if not fresh:
        return None
    is_confirmation = plan.kind is Kind.BOOKING_CONFIRMED
    if is_confirmation and plan.channel is Channel.EMAIL and plan.booking_id:
        bookings.note_confirmation(
            tx, booking_id=plan.booking_id, task_id=str(task["id"])
        )
    return str(task["id"])


def _task(
    tx: sa.Connection, runtime: Runtime, plan: Plan, *, now: datetime
) -> dict[str, Any]:
    queue = plan.queue or queue_of(runtime, plan.kind, plan.channel)
    policy = policy_in_force(tx, runtime, queue)
    due_at = plan.due_at or now
    useful_until = policy.useful_until(
        plan.useful_until or due_at + USEFUL_FOR, due_at=due_at
    )
    held = _refusal(tx, runtime, plan) or quiet_hours.when_planned(
        tx,
        runtime,
        quiet_hours.Planned(
            kind=plan.kind,
            channel=plan.channel,
            recipient=plan.recipient,
            timezone=plan.timezone or runtime.settings.timezone,
            args=plan.args,
            due_at=due_at,
            useful_until=useful_until,
        ),
        now=now,
    )
    return {
        "id": new_id(),
        "kind": plan.kind,
        "queue": queue,
        "lane": str(Lane(queue=queue, gate=plan.channel)),
        "priority": policy.priority if plan.priority is None else plan.priority,
        **_first_state(held, due_at=due_at, now=now),
        "booking_id": plan.booking_id,
        "dedupe_key": plan.dedupe_key,
        "order_key": _order_key(runtime, plan),
        "args": dict(plan.args),
        "created_at": now,
        "due_at": due_at,
        "useful_until": useful_until,
        "updated_at": now,
    }


def _first_state(
    held: Refusal | Delay | None, *, due_at: datetime, now: datetime
) -> Mapping[str, Any]:
    refused = held if isinstance(held, Refusal) else None
    leaves_at = held.until if isinstance(held, Delay) else due_at
    return {
        "status": Status.PENDING if refused is None else refused.status,
        "reason": "" if held is None else held.reason,
        "next_attempt_at": leaves_at if refused is None else None,
        "finished_at": None if refused is None else now,
    }


def _refusal(tx: sa.Connection, runtime: Runtime, plan: Plan) -> Refusal | None:
    """Say why the message will never leave, where that is known already."""
    if runtime.modes[plan.channel] is Mode.OFF:
        return Refusal(status=Status.SUPPRESSED, reason=CHANNEL_OFF)
    opt_out = consent.is_suppressed(
        tx, runtime, channel=plan.channel, address=plan.recipient
    )
    return unwanted(runtime.policy.kinds[plan.kind], plan.args, opt_out)


def _order_key(runtime: Runtime, plan: Plan) -> str | None:
    if runtime.policy.kinds[plan.kind].waits_for_nobody:
        return None
    return f"{plan.channel}:{plan.recipient}"


def queue_of(runtime: Runtime, kind: Kind, channel: Channel) -> str:
    """Return the queue in which messages of the kind wait."""
    return runtime.policy.kinds[kind].queue or channel.value


def channels_of(runtime: Runtime, customer: Customer, kind: Kind) -> Iterable[Channel]:
    """Return the channels that a message of the kind to this customer uses."""
    allowed = runtime.policy.kinds[kind].channels
    for channel in Channel:
        if not address(customer, channel):
            continue
        if customer.channels is not None and channel not in customer.channels:
            continue
        if allowed is None or channel in allowed:
            yield channel


def address(customer: Customer, channel: Channel) -> str:
    """Return where a customer is reached on a channel; empty: nowhere."""
    found = customer.email if channel is Channel.EMAIL else customer.phone
    return found or ""


def _useful_until(booking: Booking, now: datetime) -> datetime:
    # What is said after the appointment has begun (a no-show) is useful for a day.
    return booking.start if booking.start > now else now + USEFUL_FOR
