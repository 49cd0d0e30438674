"""Lists of services, bookings and notifications: their pages, and what is masked."""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.storage.tables import attempts, tasks
from tests.door import Door, assert_problem
from tests.house import (
    ALICE,
    BOB,
    CHARLIE,
    change_row,
    make_booking,
    make_service,
    rows,
)

LISTS = ("/services", "/bookings", "/notifications")


def ids(door: Door, path: str, **query: object) -> list[str]:
    answer = door.get(path, **query)
    assert answer.status == 200, answer.text
    return [row["id"] for row in answer.json["data"]]


def paged(door: Door, path: str, *, limit: int, **query: object) -> list[list[str]]:
    """Follow the cursors from the first page to the last."""
    pages, cursor = [], ""
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = door.get(path, limit=limit, **query, **more).json
        pages.append([row["id"] for row in answer["data"]])
        cursor = answer["next_cursor"]
        if cursor is None:
            return pages


@pytest.mark.parametrize("path", LISTS)
def test_an_empty_list_is_a_list(door: Door, path: str) -> None:
    assert door.get(path).json == {"data": [], "next_cursor": None}


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("count", [4, 5, 6])
def test_pages_hold_every_row_once(door: Door, path: str, count: int) -> None:
    fill(door, path, count=count)
    everything = ids(door, path)

    pages = paged(door, path, limit=2)

    assert len(everything) == count
    assert [row for page in pages for row in page] == everything
    assert [len(page) for page in pages] == {
        4: [2, 2],
        5: [2, 2, 1],
        6: [2, 2, 2],
    }[count]


def fill(door: Door, path: str, *, count: int) -> None:
    for nth in range(count):
        if path == "/services":
            make_service(door.runtime, name=f"Yoga {nth}")
        else:
            make_booking(door.runtime, customer=CHARLIE, confirmed=True)


def test_what_is_made_meanwhile_does_not_shift_the_pages(door: Door) -> None:
    service = make_service(door.runtime)
    first = [make_booking(door.runtime, service).id for _ in range(4)]
    page = door.get("/bookings", limit=2).json

    make_booking(door.runtime, service, customer=BOB)
    rest = ids(door, "/bookings", limit=2, cursor=page["next_cursor"])

    assert [row["id"] for row in page["data"]] + rest == first[::-1]


BAD_PAGES: list[tuple[str, object]] = [
    ("limit", 0),
    ("limit", 201),
    ("limit", "many"),
    ("limit", 2**70),
    ("limit", "9" * 5000),
    ("cursor", "x"),
    ("cursor", "9" * 90),
    ("cursor", "\u0663"),
    ("cursor", "-1"),
    ("cursor", "x" * 101),
    ("cursor", "\x00"),
    ("page", 2),
]


@pytest.mark.parametrize("path", LISTS)
def test_a_page_that_can_be_none_is_refused(door: Door, path: str) -> None:
    for field, value in BAD_PAGES:
        assert_problem(door.get(path, **{field: value}), 422, field)


@pytest.mark.parametrize("path", ["/bookings", "/notifications"])
def test_a_filter_that_fits_nothing_is_refused(door: Door, path: str) -> None:
    for field in ("q", "status"):
        for bad in ("\x00", "a\nb", "x" * 101):
            assert_problem(door.get(path, **{field: bad}), 422, field)


def test_a_recipient_is_masked_wherever_it_is_told(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)
    listed = door.get("/notifications", booking_id=booking.id)
    one = door.get(f"/notifications/{listed.json['data'][0]['id']}")
    cancelled = door.post("/notifications/cancel", {"booking_id": booking.id})
    moved = door.post(f"/notifications/{listed.json['data'][0]['id']}/cancel")
    sent = door.post(
        "/notifications",
        {
            "kind": "message",
            "channels": ["sms", "email"],
            "to": {"phone": ALICE.phone, "email": ALICE.email},
            "data": {"text": "Hello"},
        },
    )

    answers = [listed, one, cancelled, moved, sent]
    for answer in answers:
        assert "5550100" not in answer.text
        assert "alice@" not in answer.text
    told = {row["channel"]: row["recipient"] for row in listed.json["data"]}
    assert told == {
        "sms": "+14***00",
        "whatsapp": "+14***00",
        "email": "a***@example.org",
    }


def test_one_notification_tells_its_attempts_and_lists_their_number(
    door: Door,
) -> None:
    booking = make_booking(door.runtime, confirmed=True)
    task = rows(door.runtime, tasks, booking_id=booking.id, queue="sms")[0]
    began = utc_now()
    attempt = {
        "task_id": task["id"],
        "number": 1,
        "gate": "sms",
        "provider": "twilio",
        "text": "the words",
        "started_at": began,
        "ended_at": began,
        "outcome": "transient",
        "code": "20429",
        "reason": "Too many requests.",
    }
    with door.runtime.database.write() as tx:
        tx.execute(sa.insert(attempts), [attempt])
    change_row(door.runtime, tasks, task["id"], attempts=1)

    one = door.get(f"/notifications/{task['id']}").json
    listed = door.get("/notifications", channel="sms").json["data"][0]

    assert listed["attempts"] == 1
    told = one["attempts"][0]
    assert len(one["attempts"]) == 1
    assert datetime.fromisoformat(told.pop("started_at")) == began
    assert datetime.fromisoformat(told.pop("ended_at")) == began
    assert (told.pop("segments"), told.pop("cost")) == (None, None)
    assert told == {
        name: attempt[name]
        for name in ("number", "provider", "outcome", "code", "reason")
    }
    assert "the words" not in door.get(f"/notifications/{task['id']}").text
