"""Customers who wrote and wait for a person to read it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from app.clock import utc_now
from app.commands.checks.findings import Box, Finding, ok, warning
from app.commands.printing import counted
from app.storage import inbox as store

#: Whoever has waited for so long thinks that nobody reads there.
_TOO_LONG = timedelta(days=1)


def inbox(box: Box) -> Iterator[Finding]:
    """Count the messages of customers that nobody has dealt with for a day."""
    if box.runtime is None:
        return
    with box.runtime.database.read() as tx:
        count = store.count_open(tx, received_before=utc_now() - _TOO_LONG)
    if not count:
        yield ok("No customer has waited for a day to be answered.")
        return
    verb = "has" if count == 1 else "have"
    yield warning(
        f"{counted(count, 'message')} of customers {verb} waited for more than a day.",
        "They wrote, and think that nobody reads it.",
        "Read them with `python3 bellhop.py inbox list`, and say with "
        "`python3 bellhop.py inbox done ID` which are dealt with.",
    )
