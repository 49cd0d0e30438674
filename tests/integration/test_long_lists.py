"""Where a list looks at some rows a request, its pages still hold each row once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.clock import utc_now
from app.domain.bookings import BookingStatus
from app.runtime import Runtime
from app.storage import booking_lists, messages, paging
from app.storage.paging import Page
from app.storage.tables import bookings, notifications, tasks
from bench.crowd.past import RARE_NAME, RARE_PHONE
from bench.crowd.rows import Waiting
from tests.crowd import make_crowd
from tests.house import rows

FINISHED, WAITING = 900, 60
LIMIT = 7


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    folder = tmp_path_factory.mktemp("long-lists")
    lanes = ("sms", "high/sms", "email")
    with make_crowd(
        folder,
        finished=FINISHED,
        waiting=WAITING,
        mix=lambda number: Waiting(lane=lanes[number % 3]),
    ) as runtime:
        yield runtime


@pytest.fixture(autouse=True)
def _short_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "LOOKS_AT", 100)
    monkeypatch.setattr(paging, "FIRST_GLANCE", 5)
    monkeypatch.setattr(paging, "ROWS_AT_ONCE", 40)


def ago(days: float) -> datetime:
    return utc_now() - timedelta(days=days)


Chosen = Callable[[], dict[str, Any]]

MESSAGES: dict[str, Chosen] = {
    "all": dict,
    "usual status": lambda: {"status": "delivered"},
    "rare status": lambda: {"status": "expired"},
    "waiting": lambda: {"status": "pending"},
    "no status": lambda: {"status": "unknown"},
    "channel": lambda: {"channel": "sms"},
    "rare channel": lambda: {"channel": "whatsapp"},
    "kind": lambda: {"kind": "booking_cancelled"},
    "kind of both": lambda: {"kind": "message"},
    "kind and channel": lambda: {"kind": "message", "channel": "email"},
    "status and channel": lambda: {"status": "dead", "channel": "email"},
    "usual status and kind": lambda: {"status": "sent", "kind": "booking_reminder"},
    "recipient": lambda: {"recipient": RARE_PHONE},
    "since": lambda: {"since": ago(2)},
    "until": lambda: {"until": ago(12)},
    "between": lambda: {"since": ago(9), "until": ago(5), "status": "sent"},
    "future": lambda: {"since": ago(-1)},
    "name": lambda: {"q": "CUSTOMER 1"},
    "rare name": lambda: {"q": RARE_NAME[3:]},
    "no name": lambda: {"q": "%"},
}


@pytest.mark.parametrize("name", MESSAGES)
def test_pages_of_messages_hold_what_suits_the_filter_once(
    crowd: Runtime, name: str
) -> None:
    given = MESSAGES[name]()
    chosen = messages.Filter(**given)

    with crowd.database.read() as tx:
        pages = list(
            all_pages(lambda at: messages.look(tx, chosen, after=at, limit=LIMIT))
        )
        at_once = messages.page(tx, chosen, after=None, limit=10_000)
        counted = sum(messages.count_by_status(tx, chosen).values())

    expected = [row["id"] for row in everything(crowd) if suits(row, given)]
    assert [row["id"] for page in pages for row in page.rows] == expected
    assert [row["id"] for row in at_once] == expected
    assert counted == len(expected)


BOOKINGS: dict[str, Chosen] = {
    "all": dict,
    "usual status": lambda: {"status": BookingStatus.COMPLETED},
    "status": lambda: {"status": BookingStatus.CONFIRMED},
    "no status": lambda: {"status": BookingStatus.CANCELLED},
    "from": lambda: {"first": ago(3)},
    "to": lambda: {"last": ago(3)},
    "a day": lambda: {"first": ago(9), "last": ago(8)},
    "status and day": lambda: {
        "status": BookingStatus.COMPLETED,
        "first": ago(9),
        "last": ago(8),
    },
    "customer": lambda: {"customer": RARE_PHONE},
    "name": lambda: {"q": "customer 1"},
    "rare name": lambda: {"q": RARE_NAME.lower()},
}


@pytest.mark.parametrize("many", [20, 50_000])
@pytest.mark.parametrize("name", BOOKINGS)
def test_pages_of_bookings_hold_what_suits_the_filter_once(
    crowd: Runtime, monkeypatch: pytest.MonkeyPatch, name: str, many: int
) -> None:
    monkeypatch.setattr(booking_lists, "MANY", many)
    given = BOOKINGS[name]()
    chosen = booking_lists.Filter(**given)

    with crowd.database.read() as tx:
        pages = list(
            all_pages(lambda at: booking_lists.look(tx, chosen, after=at, limit=LIMIT))
        )

    found = sorted(rows(crowd, bookings), key=lambda row: row["id"], reverse=True)
    expected = [row["id"] for row in found if suits_booking(row, given)]
    assert [booking.id for page in pages for booking in page.rows] == expected


def all_pages(look: Callable[[Any], Page[Any, Any]]) -> Iterator[Page[Any, Any]]:
    after = None
    while True:
        page = look(after)
        assert len(page.rows) <= LIMIT
        yield page
        after = page.next
        if after is None:
            return


def everything(runtime: Runtime) -> list[dict[str, Any]]:
    """Return every message, the newest first."""
    notes = {row["task_id"]: dict(row) for row in rows(runtime, notifications)}
    found = [
        dict(row) | notes[row["id"]]
        for row in rows(runtime, tasks)
        if row["id"] in notes
    ]
    return sorted(found, key=lambda row: int(row["seq"]), reverse=True)


def suits(row: dict[str, Any], given: dict[str, Any]) -> bool:
    given = dict(given)
    since, until = given.pop("since", None), given.pop("until", None)
    name = given.pop("q", "")
    return (
        (since is None or row["created_at"] >= since)
        and (until is None or row["created_at"] < until)
        and name.lower() in row["recipient_name"].lower()
        and all(row[column] == value for column, value in given.items())
    )


def suits_booking(row: Any, given: dict[str, Any]) -> bool:
    customer = given.get("customer")
    return (
        given.get("status") in (None, row["status"])
        and ("first" not in given or row["start"] >= given["first"])
        and ("last" not in given or row["start"] < given["last"])
        and customer in (None, row["customer_phone"], row["customer_email"])
        and given.get("q", "").lower() in row["customer_name"].lower()
    )
