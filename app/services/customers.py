"""One customer's data, as the law wants it: all to take along, or none of it left.

Called by the API and by the command `customers`. Erasing keeps what is counted and
billed, and a keyed hash of the address, so that an opt-out survives.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.domain.bookings import HOLDS_PLACE
from app.domain.recipients import Channel, masked
from app.errors import ConflictError
from app.logs import fields as log_fields
from app.runtime import Runtime
from app.services.doubt import with_doubt
from app.services.pseudonyms import pseudonym
from app.storage import customers as store
from app.storage import erasing, preferences
from app.storage.customers import Traces

log = logging.getLogger(__name__)

ERASED = "The customer's data was erased."


@dataclass(frozen=True, kw_only=True)
class Who:
    """A customer, by an address or both, in their normal form."""

    email: str | None = None
    phone: str | None = None

    @property
    def addresses(self) -> list[str]:
        """The addresses that are given."""
        return [address for address in (self.email, self.phone) if address]


@dataclass(frozen=True, kw_only=True)
class Erased:
    """How many rows have forgotten a customer."""

    bookings: int
    messages: int
    inbox: int
    tasks: int
    #: Addresses of the same bookings that were not named, masked: what is known under
    #: these alone is still there.
    also_known_as: Sequence[str]


def export(tx: sa.Connection, runtime: Runtime, who: Who) -> Mapping[str, Any]:
    """Return all rows that tell of a customer, as they are kept, by what they are."""
    traces = _traces(tx, runtime, who)
    return {
        part.name: [dict(row) for row in getattr(traces, part.name)]
        for part in fields(traces)
    }


def erase(tx: sa.Connection, runtime: Runtime, who: Who, *, now: datetime) -> Erased:
    """Make all rows forget a customer.

    Raises ConflictError while bookings of theirs are ahead, or something of theirs is
    being sent at this very moment. Safe to repeat.
    """
    traces = _traces(tx, runtime, who)
    _check_nothing_ahead(traces, now)
    task_ids = [*traces.ids("messages"), *traces.ids("tasks")]
    erasing.call_off(tx, task_ids, reason=with_doubt(ERASED), now=now)
    if erasing.is_any_sending(tx, task_ids):
        raise ConflictError(
            "Something is being sent to this customer at this moment. Try again in a "
            "minute; nothing has been erased yet."
        )
    erasing.forget_tasks(tx, task_ids)
    erasing.forget_results(tx, traces.ids("tasks"), reason=ERASED)
    erasing.forget_inbox(tx, traces.ids("inbox"), now=now)
    erasing.forget_events(tx, traces.ids("events"))
    erasing.forget_bookings(tx, traces.ids("bookings"), now=now)
    preferences.forget(tx, who.addresses)
    names = {a: pseudonym(runtime.settings, a) for a in who.addresses}
    erasing.rename_consents(tx, names)
    others = _other_addresses(traces, who)
    erasing.forget_answers(tx, [*who.addresses, *others])
    erased = Erased(
        bookings=len(traces.bookings),
        messages=len(traces.messages),
        inbox=len(traces.inbox),
        tasks=len(traces.tasks),
        also_known_as=[_masked(address) for address in others],
    )
    log.info(
        "Customer erased",
        extra=log_fields(
            "customer_erased", bookings=erased.bookings, messages=erased.messages
        ),
    )
    return erased


def _traces(tx: sa.Connection, runtime: Runtime, who: Who) -> Traces:
    pseudonyms = [pseudonym(runtime.settings, a) for a in who.addresses]
    return store.trace(tx, addresses=who.addresses, pseudonyms=pseudonyms)


def _check_nothing_ahead(traces: Traces, now: datetime) -> None:
    ahead = [
        row["reference"]
        for row in traces.bookings
        if row["status"] in HOLDS_PLACE and row["end"] > now
    ]
    if ahead:
        raise ConflictError(
            f"The customer has bookings ahead ({', '.join(ahead)}). Cancel them first; "
            "nothing has been erased."
        )


def _other_addresses(traces: Traces, who: Who) -> list[str]:
    columns = ("customer_email", "customer_phone")
    found = {row[column] for row in traces.bookings for column in columns}
    return sorted(found - {None, *who.addresses})


def _masked(address: str) -> str:
    return masked(Channel.EMAIL if "@" in address else Channel.SMS, address)
