"""The last look at a message: every question that is asked before it leaves.

Asked by `claiming.py` in its transaction, milliseconds before the provider is called,
in the order of the table. The first answer counts: it never leaves (a refusal), or not
yet (a delay). To add a question: a function and a line in the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.channels.credentials import REPEATS_SAFELY
from app.domain.bookings import BookingStatus
from app.domain.consent import OptOut, Scope
from app.domain.gate import (
    TOO_LATE,
    BookingNow,
    Delay,
    Refusal,
    refusal,
    too_late,
    unwanted,
)
from app.domain.kinds import Kind
from app.domain.ladders import WAITS_BELOW
from app.domain.recipients import Channel
from app.domain.tasks import Status
from app.services import budgets
from app.services.courier import Courier
from app.services.customers import ERASED
from app.services.gates import Gates
from app.services.planning import CHANNEL_OFF
from app.services.quiet_hours import is_quiet
from app.services.whatsapp import may_be_words, no_template, template_of
from app.storage import ladders, refusing
from app.storage.types import Row

_CHANNEL_OFF = Refusal(status=Status.SUPPRESSED, reason=CHANNEL_OFF)
_ERASED = Refusal(status=Status.SUPPRESSED, reason=ERASED)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a question may look at; `row` is that of `delivering.find`."""

    tx: sa.Connection
    courier: Courier
    gates: Gates
    row: Row
    now: datetime


Question = Callable[[Look], Refusal | Delay | None]


def last_look(look: Look) -> Refusal | Delay | None:
    """Return why the message must not leave now, or None if it may."""
    for question in QUESTIONS:
        if (answer := question(look)) is not None:
            return answer
    return None


def _is_channel_off(look: Look) -> Refusal | None:
    is_served = look.courier.providers[Channel(look.row["channel"])]
    return None if is_served else _CHANNEL_OFF


def _is_erased(look: Look) -> Refusal | None:
    # A person may try again what was dead before its customer was erased.
    return None if look.row["recipient"] else _ERASED


def _is_untrue(look: Look) -> Refusal | None:
    row, booking = look.row, None
    if row["booking_status"] is not None:
        status = BookingStatus(row["booking_status"])
        booking = BookingNow(status=status, start=row["start"])
    refused = refusal(
        look.courier.runtime.policy.kinds[Kind(row["kind"])],
        args=row["args"],
        booking=booking,
        useful_until=row["useful_until"],
        now=look.now,
    )
    return is_late(look.gates, row) if refused is TOO_LATE else refused


def _is_unwanted(look: Look) -> Refusal | None:
    row = look.row
    if row["opt_out_scope"] is None:
        return None
    opt_out = OptOut(
        scope=Scope(row["opt_out_scope"]),
        reason=row["opt_out_reason"],
        since=row["opt_out_since"],
    )
    policy = look.courier.runtime.policy.kinds[Kind(row["kind"])]
    return unwanted(policy, row["args"], opt_out)


def _is_quiet(look: Look) -> Refusal | Delay | None:
    return is_quiet(look.courier.runtime, look.row, now=look.now)


def _has_arrived_otherwise(look: Look) -> Refusal | None:
    row = look.row
    if row["ladder_id"] is None:
        return None
    channel = ladders.arrived_over(
        look.tx, ladder_id=row["ladder_id"], but_not=row["id"]
    )
    if channel is not None:
        reason = f"It arrived by {channel} after all."
        return Refusal(status=Status.SUPERSEDED, reason=reason)
    # What failed, or nobody knew of, as the ladder climbed past it.
    if ladders.is_past(look.tx, ladder_id=row["ladder_id"], task_id=row["id"]):
        return Refusal(status=Status.SUPERSEDED, reason=WAITS_BELOW)
    return None


def _lacks_template(look: Look) -> Refusal | None:
    runtime, row = look.courier.runtime, look.row
    if row["channel"] != Channel.WHATSAPP:
        return None
    if template_of(runtime, kind=row["kind"], locale=row["locale"]) is not None:
        return None
    if may_be_words(look.tx, runtime, address=row["recipient"], now=look.now):
        return None
    return Refusal(status=Status.SUPPRESSED, reason=no_template(row["kind"]))


def _is_over_budget(look: Look) -> Refusal | Delay | None:
    runtime, row = look.courier.runtime, look.row
    channel = Channel(row["channel"])
    if runtime.policy.kinds[Kind(row["kind"])].essential:
        return None
    carrier = look.courier.carrier(channel, look.gates.serving(channel))
    return budgets.held_back(
        look.tx,
        runtime,
        row,
        provider=carrier.name,
        channel=channel,
        now=look.now,
    )


def _is_with_one_that_is_spared(look: Look) -> Delay | None:
    provider = bound_to(look.tx, look.gates, look.row)
    if provider is None:
        return None
    circuit = look.gates.circuit(look.row["channel"], provider)
    if circuit is None or circuit.open_until is None or not circuit.is_open(look.now):
        return None
    reason = f"It may have reached {provider}, which is left alone for a while."
    return Delay(until=circuit.open_until, reason=reason)


def bound_to(tx: sa.Connection, gates: Gates, row: Row) -> str | None:
    """Return who alone may be handed the message; None: whoever carries them now.

    Where one may have it already, its key makes a second time harmless with that one,
    and with nobody else.
    """
    if row["attempts"] == 0:
        return None
    provider = refusing.may_have_it(tx, task_id=row["id"], unasked=REPEATS_SAFELY)
    return provider if provider and gates.knows(row["channel"], provider) else None


def is_late(gates: Gates, row: Row) -> Refusal:
    """Say why what is useful no more expires."""
    ttl = gates.policy(row["queue"]).ttl
    return too_late(ttl, due_at=row["due_at"], useful_until=row["useful_until"])


#: Every question, the one that settles most first.
QUESTIONS: tuple[Question, ...] = (
    _is_channel_off,
    _is_erased,
    _is_untrue,
    _is_unwanted,
    _has_arrived_otherwise,
    _lacks_template,
    _is_quiet,
    _is_over_budget,
    _is_with_one_that_is_spared,
)
