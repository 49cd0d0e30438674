"""Tells the staff over whatever they have: every service that Apprise knows.

Called by the task `staff_alert` in a worker. The addresses hold secrets, and so do
Apprise's own words about them: neither is shown or logged.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.channels.base import CALL_S

if TYPE_CHECKING:
    from apprise import Apprise

#: Telegram takes no more.
LONGEST_TEXT = 4000


@dataclass(frozen=True, kw_only=True)
class Told:
    """How many of the addresses took an alert, and which services did not."""

    count: int
    missed: tuple[str, ...]


def tell(addresses: str, *, subject: str, text: str, within_s: float = CALL_S) -> Told:
    """Tell every one of the addresses (Apprise URLs, separated by spaces).

    Never raises for what the services do. Each call to one has a deadline.
    """
    told = _opened(addresses).notify(
        title=subject, body=text[:LONGEST_TEXT], timeout=within_s
    )
    missed = tuple(str(one.name) for one in told if not one)
    return Told(count=told.success_count, missed=missed)


def strange_addresses(addresses: str) -> Sequence[int]:
    """Return which of the addresses (1 is the first) Apprise cannot read."""
    book = _empty_book()
    return [
        number
        for number, address in enumerate(addresses.split(), start=1)
        if not book.add(address)
    ]


def _opened(addresses: str) -> Apprise:
    book = _empty_book()
    for address in addresses.split():
        book.add(address)
    return book


def _empty_book() -> Apprise:
    # With some hundred services: 20 MB, for those alone who have something to tell.
    from apprise import Apprise  # noqa: PLC0415 - see above

    # It writes down addresses with the secrets in them.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    return Apprise()
