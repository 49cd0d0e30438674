"""The SQL that finds every row that tells of one customer.

Called by `services/customers.py`, to export and to erase (`storage/erasing.py`). A test
asks of every table whether it has a place here, or holds nothing personal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from app.domain.naming import names
from app.domain.recipients import name_on_whatsapp
from app.storage.chunks import chunks, in_chunks
from app.storage.tables import (
    attempts,
    bookings,
    consents,
    inbox,
    notifications,
    own_tasks,
    payments,
    preferences,
    provider_events,
    suppressions,
    tasks,
)

Rows = Sequence[sa.RowMapping]


@dataclass(frozen=True, kw_only=True)
class Traces:
    """All rows that tell of one customer, by what they are."""

    bookings: Rows
    payments: Rows
    #: Messages with the engine's columns, and every attempt to send them.
    messages: Rows
    attempts: Rows
    inbox: Rows
    #: What providers told of these messages, or brought from the customer, as it came.
    events: Rows
    consents: Rows
    suppressions: Rows
    #: What they chose beside their bookings: quiet hours.
    preferences: Rows
    #: Tasks of one's own, alerts to the staff among them, that name the customer.
    tasks: Rows

    def ids(self, name: str) -> list[str]:
        """Return the ids of the rows of a part."""
        return [row["id"] for row in getattr(self, name)]


def trace(
    tx: sa.Connection, *, addresses: Sequence[str], pseudonyms: Sequence[str]
) -> Traces:
    """Find all that tells of who is reached at one of the addresses.

    `pseudonyms`: what stands for the addresses where they were erased before.
    """
    their_bookings = _where(
        tx,
        sa.select(bookings),
        bookings.c.customer_email.in_(addresses),
        bookings.c.customer_phone.in_(addresses),
    )
    booking_ids = [row["id"] for row in their_bookings]
    messages = _messages(tx, addresses, booking_ids)
    written = _written(tx, addresses, booking_ids)
    wanted = [*addresses, *booking_ids, *(row["id"] for row in written)]
    wanted += [row["reference"] for row in their_bookings]
    kept = [*addresses, *pseudonyms]
    return Traces(
        bookings=their_bookings,
        payments=_among(tx, payments, payments.c.booking_id, booking_ids),
        messages=messages,
        attempts=_among(tx, attempts, attempts.c.task_id, [m["id"] for m in messages]),
        inbox=written,
        events=_events(tx, addresses, [m["id"] for m in messages]),
        consents=_where(tx, sa.select(consents), consents.c.address.in_(kept)),
        suppressions=_where(
            tx, sa.select(suppressions), suppressions.c.address.in_(kept)
        ),
        preferences=_where(
            tx, sa.select(preferences), preferences.c.address.in_(addresses)
        ),
        tasks=_that_name(tx, wanted),
    )


def naming(
    column: sa.ColumnElement[Any], names: Iterable[str]
) -> Iterator[sa.ColumnElement[bool]]:
    """Return conditions for texts in which one of the names stands, some in each.

    They find parts of longer names, too: ask `domain/naming.py` of each text.
    """
    text = sa.cast(column, sa.String)
    for some in chunks(names):
        yield sa.or_(*(text.contains(name, autoescape=True) for name in some))


def _messages(
    tx: sa.Connection, addresses: Sequence[str], booking_ids: Sequence[str]
) -> Rows:
    of_message = [c for c in notifications.c if c is not notifications.c.task_id]
    query = sa.select(tasks, *of_message).join(
        notifications, notifications.c.task_id == tasks.c.id
    )
    of_bookings = in_chunks(tx, query, tasks.c.booking_id, booking_ids)
    to_them = tx.execute(query.where(notifications.c.recipient.in_(addresses)))
    return _once([*of_bookings, *to_them])


def _written(
    tx: sa.Connection, addresses: Sequence[str], booking_ids: Sequence[str]
) -> Rows:
    query = sa.select(inbox)
    of_bookings = in_chunks(tx, query, inbox.c.booking_id, booking_ids)
    by_them = tx.execute(query.where(inbox.c.address.in_(addresses)))
    return _once([*of_bookings, *by_them])


def _events(
    tx: sa.Connection, addresses: Sequence[str], message_ids: Sequence[str]
) -> Rows:
    query = sa.select(provider_events)
    of_messages = in_chunks(tx, query, provider_events.c.task_id, message_ids)
    written = [form for address in addresses for form in _as_providers_write(address)]
    named = [
        row
        for condition in naming(provider_events.c.body, written)
        for row in tx.execute(query.where(condition))
    ]
    theirs = [row for row in named if any(names(row.body, form) for form in written)]
    return _once([*of_messages, *theirs])


def _as_providers_write(address: str) -> tuple[str, ...]:
    # A phone number without its +, which a form escapes; an @ is escaped there too.
    if "@" in address:
        return (address, quote(address, safe=""))
    return tuple({n.removeprefix("+") for n in (address, name_on_whatsapp(address))})


def _that_name(tx: sa.Connection, wanted: Sequence[str]) -> Rows:
    query = sa.select(tasks, own_tasks.c.result, own_tasks.c.progress).join(
        own_tasks, own_tasks.c.task_id == tasks.c.id
    )
    columns = (tasks.c.args, own_tasks.c.result, own_tasks.c.progress)
    found: list[sa.Row[Any]] = []
    for column in columns:
        for condition in naming(column, wanted):
            found += tx.execute(query.where(condition))
    return _once(row for row in found if _is_named(row, wanted))


def _is_named(row: sa.Row[Any], wanted: Sequence[str]) -> bool:
    told = json.dumps([row.args, row.result, row.progress])
    return any(names(told, name) for name in wanted)


def _among(
    tx: sa.Connection, table: sa.Table, column: sa.Column[Any], ids: Sequence[str]
) -> Rows:
    return [row._mapping for row in in_chunks(tx, sa.select(table), column, ids)]  # noqa: SLF001 - SQLAlchemy's public name


def _where(
    tx: sa.Connection, query: sa.Select[Any], *conditions: sa.ColumnElement[bool]
) -> Rows:
    return list(tx.execute(query.where(sa.or_(*conditions))).mappings())


def _once(rows: Iterable[sa.Row[Any]]) -> Rows:
    """Return each row once, in the order in which they were made."""
    by_id = {row.id: row._mapping for row in rows}  # noqa: SLF001 - as above
    return [by_id[key] for key in sorted(by_id)]
