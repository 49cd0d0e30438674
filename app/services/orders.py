"""Messages that a site with its own bookings orders: checked, tried out, planned.

Called by `POST /notifications`. Nothing is planned that could never leave.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.channels.table import Mode
from app.clock import utc_now
from app.domain.facts import Facts, read_facts
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.errors import ConflictError, InvalidError, Problem, WordingError
from app.runtime import Runtime
from app.services import whatsapp
from app.services.facts import SITE_DATA
from app.services.pins import PinnedWords, pin_of
from app.services.planning import Plan, insert, queue_of
from app.services.room import check_room
from app.services.wording import Wording
from app.storage import bookings, messages, planning


@dataclass(frozen=True, kw_only=True)
class Order:
    """A message that a site wants sent; addresses are in their normal form."""

    kind: Kind
    channels: Sequence[Channel]
    email: str | None
    phone: str | None
    name: str
    locale: str | None
    data: Mapping[str, Any]
    priority: int | None
    send_at: datetime | None
    useful_until: datetime | None
    dedupe_key: str | None
    booking_id: str | None


def send(
    tx: sa.Connection,
    runtime: Runtime,
    order: Order,
    *,
    wording: Wording,
    now: datetime,
) -> list[sa.RowMapping]:
    """Plan an order's messages, one a channel; the same dedupe key plans nothing new.

    Each is worded once for trial: what could never leave is refused here. Raises
    InvalidError with every bad field, ConflictError where the dedupe key stands for
    other words, QueueFullError where too many wait already.
    """
    problems = [
        *_kind_problems(runtime, order),
        *_address_problems(order),
        *_time_problems(order, now=now),
        *_booking_problems(tx, order),
        *_text_problems(tx, runtime, order, wording),
    ]
    if problems:
        raise InvalidError(problems)
    channels = order.channels
    if order.dedupe_key is not None:
        # In one order: of two with the same key at once, neither waits in a circle.
        channels = [channel for channel in Channel if channel in channels]
    check_room(tx, runtime, _wanted(tx, runtime, order))
    ids = [_send_on(tx, runtime, order, channel, now=now) for channel in channels]
    return messages.find_many(tx, ids)


def _kind_problems(runtime: Runtime, order: Order) -> Iterator[Problem]:
    if not runtime.policy.kinds[order.kind].is_ordered:
        yield Problem("kind", "is sent by Bellhop alone, when there is occasion for it")


def _address_problems(order: Order) -> Iterator[Problem]:
    for channel in order.channels:
        field = "email" if channel is Channel.EMAIL else "phone"
        if not getattr(order, field):
            yield Problem(f"to.{field}", f"is needed for {channel}")


def _time_problems(order: Order, *, now: datetime) -> Iterator[Problem]:
    leaves_at = max(order.send_at or now, now)
    if order.useful_until is not None and order.useful_until <= leaves_at:
        yield Problem("useful_until", "is before the message could leave")


def _booking_problems(tx: sa.Connection, order: Order) -> Iterator[Problem]:
    if order.booking_id is not None and bookings.find(tx, order.booking_id) is None:
        yield Problem("booking_id", "there is no such booking")


def _text_problems(
    tx: sa.Connection, runtime: Runtime, order: Order, wording: Wording
) -> Iterator[Problem]:
    settings, pinned = runtime.settings, PinnedWords()
    try:
        facts = read_facts(
            order.kind,
            order.data,
            business_name=settings.business_name,
            customer_name=order.name,
        )
    except InvalidError as error:
        yield from error.problems
        return
    locale = order.locale or settings.locale
    for channel in order.channels:
        pin = pin_of(tx, runtime, kind=order.kind, channel=channel, locale=locale)
        try:
            wording.render(
                order.kind,
                channel,
                facts,
                locale=locale,
                timezone=settings.timezone,
                own=pinned.find(tx, pin),
            )
            if channel is Channel.WHATSAPP:
                _try_template(tx, runtime, order, wording, facts)
        except WordingError as error:
            yield Problem("data", str(error))


def _try_template(
    tx: sa.Connection, runtime: Runtime, order: Order, wording: Wording, facts: Facts
) -> None:
    """Fill the template that would go in place of the words, if any."""
    locale = order.locale or runtime.settings.locale
    template = whatsapp.template_of(runtime, kind=order.kind, locale=locale)
    if template is None or whatsapp.may_be_words(
        tx, runtime, address=order.phone or "", now=utc_now()
    ):
        return
    timezone = runtime.settings.timezone
    whatsapp.filled(
        wording, template, facts, kind=order.kind, locale=locale, timezone=timezone
    )


def _wanted(tx: sa.Connection, runtime: Runtime, order: Order) -> Counter[str]:
    """Count by queue what is to wait, but for what is planned already."""
    keys = {_key(order, channel): channel for channel in order.channels}
    named = [key for key in keys if key is not None]
    known = planning.existing_ids(tx, dedupe_keys=named) if named else {}
    planned = {keys[key] for key in known}
    return Counter(
        queue_of(runtime, order.kind, channel)
        for channel in order.channels
        if channel not in planned and runtime.modes[channel] is not Mode.OFF
    )


def _key(order: Order, channel: Channel) -> str | None:
    return f"{channel}/{order.dedupe_key}" if order.dedupe_key else None


def _send_on(
    tx: sa.Connection,
    runtime: Runtime,
    order: Order,
    channel: Channel,
    *,
    now: datetime,
) -> str:
    recipient = order.email if channel is Channel.EMAIL else order.phone
    plan = Plan(
        kind=order.kind,
        channel=channel,
        recipient=recipient or "",
        recipient_name=order.name,
        locale=order.locale,
        args={SITE_DATA: dict(order.data)},
        booking_id=order.booking_id,
        dedupe_key=_key(order, channel),
        priority=order.priority,
        due_at=max(order.send_at or now, now),
        useful_until=order.useful_until,
    )
    task_id = insert(tx, runtime, plan, now=now)
    if task_id is None:
        return _earlier(tx, plan)
    return task_id


def _earlier(tx: sa.Connection, plan: Plan) -> str:
    """Return the message that has the plan's dedupe key, if it says the same."""
    key = str(plan.dedupe_key)
    task_id = planning.existing_ids(tx, dedupe_keys=[key])[key]
    says = messages.words_of(tx, task_id)
    if says is None or any(getattr(plan, name) != says[name] for name in says):
        raise ConflictError(
            f"The dedupe_key stands for other words already, those of notification "
            f"{task_id!r}. Give these words a key of their own."
        )
    return task_id
