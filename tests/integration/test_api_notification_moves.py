"""Retrying and cancelling messages over HTTP: one by its id, many by a filter."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.domain.tasks import Status
from app.services import notifications
from app.storage.messages import Filter
from app.storage.tables import notifications as told
from app.storage.tables import tasks
from tests.door import Door, assert_problem
from tests.house import change_row, make_booking, nothing_saved, rows

RETRYABLE = {Status.FAILED, Status.DEAD}
CANCELLABLE = {Status.PENDING, Status.QUEUED, Status.RETRYING, Status.FAILED}
TOO_LATE = {
    Status.SENDING: "Too late: the message is being sent.",
    Status.UNKNOWN: "Too late: the message is being sent.",
    Status.SENT: "Too late: the message was sent.",
    Status.DELIVERED: "Too late: the message was sent.",
    Status.UNDELIVERED: "Too late: the message was sent.",
}


def planned(door: Door, status: Status, **values: Any) -> str:
    """Plan a message and put it where it has to be; return its id."""
    answer = door.post(
        "/notifications",
        {
            "kind": "message",
            "channels": ["email"],
            "to": {"email": "alice@example.org"},
            "data": {"text": "Hello"},
        },
    )
    task_id: str = answer.json["data"][0]["id"]
    change_row(door.runtime, tasks, task_id, status=status, **values)
    return task_id


def test_only_failed_and_dead_messages_are_retried(door: Door) -> None:
    tried = {"reason": "No luck.", "quick_tries": 4, "rounds": 2}
    ids = {status: planned(door, status, **tried) for status in Status}

    answers = {
        status: door.post(f"/notifications/{task_id}/retry")
        for status, task_id in ids.items()
    }

    assert {s for s, answer in answers.items() if answer.status == 200} == RETRYABLE
    for status in RETRYABLE:
        assert answers[status].json["status"] == "retrying"
        assert answers[status].json["reason"] == ""
        row = rows(door.runtime, tasks, id=ids[status])[0]
        assert (row["quick_tries"], row["rounds"]) == (0, 0)
        assert row["next_attempt_at"] <= utc_now()
    for status in set(Status) - RETRYABLE:
        assert_problem(answers[status], 409)
        assert status in answers[status].json["detail"]
        assert rows(door.runtime, tasks, id=ids[status])[0]["status"] == status


def test_what_has_not_left_is_called_off_and_nothing_else(door: Door) -> None:
    ids = {status: planned(door, status) for status in Status}

    answers = {
        status: door.post(f"/notifications/{task_id}/cancel")
        for status, task_id in ids.items()
    }

    assert {s for s, answer in answers.items() if answer.status == 200} == CANCELLABLE
    for status in CANCELLABLE:
        assert answers[status].json["status"] == "cancelled"
        assert answers[status].json["reason"] == "Cancelled by hand."
        assert answers[status].json["next_attempt_at"] is None
    for status in set(Status) - CANCELLABLE:
        assert_problem(answers[status], 409)
        expected = f"There is nothing to cancel: the message is {status}."
        assert answers[status].json["detail"] == TOO_LATE.get(status, expected)
        assert door.get(f"/notifications/{ids[status]}").json["status"] == status


def test_what_would_come_too_late_is_not_retried(door: Door) -> None:
    task_id = planned(door, Status.DEAD, useful_until=utc_now())

    with nothing_saved(door.runtime):
        answer = door.post(f"/notifications/{task_id}/retry")

    assert_problem(answer, 409)
    assert answer.json["detail"] == "It would come too late to be useful."


@pytest.mark.parametrize("move", ["retry", "cancel"])
def test_a_message_that_is_none_cannot_be_moved(door: Door, move: str) -> None:
    assert_problem(door.post(f"/notifications/none/{move}"), 404)


def test_many_are_retried_and_the_rest_is_named_with_its_reason(door: Door) -> None:
    dead = [planned(door, Status.DEAD) for _ in range(3)]
    late = planned(door, Status.DEAD, useful_until=utc_now())
    planned(door, Status.SENT)

    answer = door.post("/notifications/retry", {"status": "dead"})

    assert answer.status == 200
    assert answer.json == {
        "matched": 4,
        "done": 3,
        "skipped": [{"id": late, "reason": "It would come too late to be useful."}],
    }
    moved = rows(door.runtime, tasks, status=Status.RETRYING)
    assert sorted(task["id"] for task in moved) == sorted(dead)


def test_many_are_cancelled_by_their_booking(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)
    other = planned(door, Status.PENDING)
    sent = rows(door.runtime, tasks, booking_id=booking.id, queue="sms")[0]["id"]
    change_row(door.runtime, tasks, sent, status=Status.SENT)

    answer = door.post("/notifications/cancel", {"booking_id": booking.id})

    assert answer.json == {
        "matched": 3,
        "done": 2,
        "skipped": [{"id": sent, "reason": "Too late: the message was sent."}],
    }
    assert door.get(f"/notifications/{other}").json["status"] == "pending"


@pytest.mark.parametrize("move", ["retry", "cancel"])
def test_all_messages_at_once_is_a_mistake(door: Door, move: str) -> None:
    planned(door, Status.DEAD)

    with nothing_saved(door.runtime):
        empty = door.post(f"/notifications/{move}", {})
        nothing = door.post(f"/notifications/{move}")
        nulls = door.post(f"/notifications/{move}", {"status": None, "q": None})

    for answer in (empty, nothing, nulls):
        assert_problem(answer, 422, "filter")


BAD_FILTERS: list[tuple[str, dict[str, Any]]] = [
    ("status", {"status": "lost"}),
    ("status", {"status": ["dead"]}),
    ("channel", {"channel": "pigeon"}),
    ("kind", {"kind": "newsletter"}),
    ("since", {"since": "2099-01-01T00:00:00"}),
    ("until", {"until": 7}),
    ("q", {"q": ""}),
    ("limit", {"status": "dead", "limit": 5}),
    ("booking_id", {"booking_id": "\x00"}),
]


@pytest.mark.parametrize("move", ["retry", "cancel"])
def test_a_bad_filter_moves_nothing(door: Door, move: str) -> None:
    planned(door, Status.FAILED)

    with nothing_saved(door.runtime):
        answers = [
            (field, door.post(f"/notifications/{move}", body))
            for field, body in BAD_FILTERS
        ]

    for field, answer in answers:
        assert_problem(answer, 422, field)


def test_more_than_a_page_is_moved_in_a_moment(door: Door) -> None:
    first = planned(door, Status.DEAD)
    copy_of(door, first, times=1200)
    began = utc_now()

    with door.runtime.database.write() as tx:
        result = notifications.retry_all(tx, Filter(status="dead"), now=utc_now())

    assert (result.matched, result.done, list(result.skipped)) == (1201, 1201, [])
    assert utc_now() - began < timedelta(seconds=5)


def copy_of(door: Door, task_id: str, *, times: int) -> None:
    """Plan the same message so many times more, without the API's checks."""
    with door.runtime.database.write() as tx:
        for table, key in ((tasks, "id"), (told, "task_id")):
            query = sa.select(table).where(table.c[key] == task_id)
            row = dict(tx.execute(query).mappings().one())
            row.pop("seq", None)
            copies = [{**row, key: f"copy-{nth}"} for nth in range(times)]
            tx.execute(sa.insert(table), copies)


def test_a_cancelled_message_stays_so_when_its_turn_comes(door: Door) -> None:
    task_id = planned(door, Status.QUEUED)
    door.post(f"/notifications/{task_id}/cancel")

    again = door.post(f"/notifications/{task_id}/cancel")

    assert_problem(again, 409)
    assert again.json["detail"] == (
        "There is nothing to cancel: the message is cancelled."
    )
