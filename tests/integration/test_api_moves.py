"""Confirm, cancel, reschedule, complete, no-show: what may follow what, and is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.clock import utc_now
from app.domain.bookings import Booking, BookingStatus
from app.domain.kinds import Kind
from app.domain.tasks import Status
from app.storage.tables import bookings, tasks
from tests.door import Door, assert_problem
from tests.house import (
    BOB,
    change_row,
    count,
    in_days,
    make_booking,
    make_service,
    nothing_saved,
    rows,
)

#: What each move makes of a booking in each state; what is missing is refused.
ALLOWED: dict[tuple[str, str], str] = {
    ("confirm", "pending_payment"): "confirmed",
    ("confirm", "expired"): "confirmed",
    ("cancel", "pending_payment"): "cancelled",
    ("cancel", "confirmed"): "cancelled",
    ("reschedule", "pending_payment"): "pending_payment",
    ("reschedule", "confirmed"): "confirmed",
    ("complete", "confirmed"): "completed",
    ("complete", "no_show"): "completed",
    ("no-show", "confirmed"): "no_show",
}
MOVES = ("confirm", "cancel", "reschedule", "complete", "no-show")
#: What is done when the hour has come.
CLOSING = {"complete", "no-show"}


def body_of(move: str) -> dict[str, Any]:
    return {"start": in_days(9).isoformat()} if move == "reschedule" else {}


def begin(door: Door, booking: Booking) -> None:
    """Have the booking's hour come."""
    change_row(door.runtime, bookings, booking.id, start=utc_now())


@pytest.mark.parametrize("move", MOVES)
def test_each_move_is_possible_from_its_states_and_from_no_other(
    door: Door, move: str
) -> None:
    found = {}
    for status in BookingStatus:
        booking = make_booking(door.runtime)
        change_row(door.runtime, bookings, booking.id, status=status)
        if move in CLOSING:
            begin(door, booking)
        answer = door.post(f"/bookings/{booking.id}/{move}", body_of(move))
        after = door.get(f"/bookings/{booking.id}").json
        if answer.status == 200:
            assert answer.json == after
            found[move, status.value] = after["status"]
        else:
            assert_problem(answer, 409)
            assert status.value in answer.json["detail"]
            assert after["status"] == status

    assert found == {key: to for key, to in ALLOWED.items() if key[0] == move}


@pytest.mark.parametrize("move", MOVES)
def test_a_refused_move_saves_nothing(door: Door, move: str) -> None:
    booking = make_booking(door.runtime)
    change_row(door.runtime, bookings, booking.id, status=BookingStatus.COMPLETED)

    with nothing_saved(door.runtime):
        answer = door.post(f"/bookings/{booking.id}/{move}", body_of(move))

    assert_problem(answer, 409)


@pytest.mark.parametrize("move", MOVES)
def test_a_booking_that_is_none_cannot_be_moved(door: Door, move: str) -> None:
    assert_problem(door.post(f"/bookings/none/{move}", body_of(move)), 404)


def kinds(door: Door) -> list[str]:
    return sorted({task["kind"] for task in rows(door.runtime, tasks)})


def test_confirming_tells_the_customer_once(door: Door) -> None:
    booking = make_booking(door.runtime)

    door.post(f"/bookings/{booking.id}/confirm")
    again = door.post(f"/bookings/{booking.id}/confirm")

    assert_problem(again, 409)
    assert kinds(door) == [Kind.BOOKING_CONFIRMED]
    assert count(door.runtime, tasks) == 3


def test_cancelling_calls_off_what_has_not_left_and_tells_why(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)

    door.post(f"/bookings/{booking.id}/cancel", {"reason": "The teacher is ill."})

    by_kind = {
        kind: rows(door.runtime, tasks, kind=kind)
        for kind in (Kind.BOOKING_CONFIRMED, Kind.BOOKING_CANCELLED)
    }
    confirmed = by_kind[Kind.BOOKING_CONFIRMED]
    assert {task["status"] for task in confirmed} == {Status.CANCELLED}
    assert {task["reason"] for task in confirmed} == {"The booking was cancelled."}
    cancelled = by_kind[Kind.BOOKING_CANCELLED]
    assert {task["status"] for task in cancelled} == {Status.PENDING}
    assert {task["args"]["reason"] for task in cancelled} == {"The teacher is ill."}


def test_a_cancelled_place_is_free_for_somebody_else(door: Door) -> None:
    massage = make_service(door.runtime, capacity=1)
    alice = make_booking(door.runtime, massage)

    door.post(f"/bookings/{alice.id}/cancel")

    bob = make_booking(door.runtime, massage, customer=BOB)
    assert bob.status is BookingStatus.PENDING_PAYMENT


def test_moving_keeps_the_length_and_tells_old_and_new_time(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)
    start = in_days(9)

    moved = door.post(
        f"/bookings/{booking.id}/reschedule",
        {"start": start.isoformat(), "reason": "Holidays"},
    ).json

    assert datetime.fromisoformat(moved["start"]) == start
    assert datetime.fromisoformat(moved["end"]) == start + timedelta(hours=1)
    told = rows(door.runtime, tasks, kind=Kind.BOOKING_RESCHEDULED)
    assert len(told) == 3
    assert {task["args"]["old_start"] for task in told} == {booking.start.isoformat()}
    assert {task["args"]["reason"] for task in told} == {"Holidays"}


def test_moving_to_the_same_time_changes_and_tells_nothing(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)
    body = {"start": booking.start.isoformat()}

    with nothing_saved(door.runtime):
        answer = door.post(f"/bookings/{booking.id}/reschedule", body)

    assert answer.status == 200


def test_moving_into_a_full_time_is_409_and_nothing_moves(door: Door) -> None:
    massage = make_service(door.runtime, capacity=1)
    alice = make_booking(door.runtime, massage, confirmed=True)
    bob_has_it = in_days(4)
    make_booking(door.runtime, massage, start=bob_has_it, customer=BOB)
    wanted = bob_has_it + timedelta(minutes=30)

    with nothing_saved(door.runtime):
        answer = door.post(
            f"/bookings/{alice.id}/reschedule", {"start": wanted.isoformat()}
        )

    assert_problem(answer, 409)
    # Alice herself, who is not there yet, takes none of these places.
    first = datetime.fromisoformat(answer.json["alternatives"][0])
    assert first == bob_has_it + timedelta(hours=1)


def test_moving_by_half_an_hour_is_not_stopped_by_itself(door: Door) -> None:
    massage = make_service(door.runtime, capacity=1)
    alice = make_booking(door.runtime, massage, confirmed=True)
    later = alice.start + timedelta(minutes=30)

    answer = door.post(f"/bookings/{alice.id}/reschedule", {"start": later.isoformat()})

    assert answer.status == 200


BAD_TIMES: list[tuple[str, dict[str, Any]]] = [
    ("start", {}),
    ("start", {"start": "2020-01-01T10:00:00Z"}),
    ("start", {"start": "2099-01-01T10:00:00"}),
    ("reason", {"start": "2099-01-01T10:00:00Z", "reason": "a\r\nb"}),
    ("end", {"start": "2099-01-01T10:00:00Z", "end": "2099-01-01T11:00:00Z"}),
    ("status", {"start": "2099-01-01T10:00:00Z", "status": "confirmed"}),
]


def test_a_bad_new_time_moves_nothing(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)

    with nothing_saved(door.runtime):
        answers = [
            (field, door.post(f"/bookings/{booking.id}/reschedule", body))
            for field, body in BAD_TIMES
        ]

    for field, answer in answers:
        assert_problem(answer, 422, field)


BAD_REASONS: list[tuple[str, dict[str, Any]]] = [
    ("reason", {"reason": ""}),
    ("reason", {"reason": "x" * 201}),
    ("reason", {"reason": "Ill\nBcc: eve@example.com"}),
    ("reason", {"reason": "=?UTF-8?Q?=0A?="}),
    ("reason", {"reason": 7}),
    ("status", {"status": "confirmed"}),
]


@pytest.mark.parametrize("move", ["confirm", "cancel", "complete", "no-show"])
def test_a_bad_reason_moves_nothing(door: Door, move: str) -> None:
    booking = make_booking(door.runtime, confirmed=move != "confirm")

    with nothing_saved(door.runtime):
        answers = [
            (field, door.post(f"/bookings/{booking.id}/{move}", body))
            for field, body in BAD_REASONS
        ]

    for field, answer in answers:
        assert_problem(answer, 422, field)


def test_an_expired_booking_is_confirmed_if_its_place_is_free(door: Door) -> None:
    massage = make_service(door.runtime, capacity=1)
    alice = make_booking(door.runtime, massage)
    change_row(door.runtime, bookings, alice.id, status=BookingStatus.EXPIRED)

    assert door.post(f"/bookings/{alice.id}/confirm").status == 200


def test_an_expired_booking_whose_place_is_taken_stays_expired(door: Door) -> None:
    massage = make_service(door.runtime, capacity=1)
    alice = make_booking(door.runtime, massage)
    change_row(door.runtime, bookings, alice.id, status=BookingStatus.EXPIRED)
    make_booking(door.runtime, massage, customer=BOB)

    with nothing_saved(door.runtime):
        answer = door.post(f"/bookings/{alice.id}/confirm")

    assert_problem(answer, 409)
    assert answer.json["alternatives"]


@pytest.mark.parametrize("move", sorted(CLOSING))
def test_a_booking_is_not_closed_before_it_begins(door: Door, move: str) -> None:
    start = datetime(2099, 5, 6, 14, 30, tzinfo=UTC)
    booking = make_booking(door.runtime, start=start, confirmed=True)

    with nothing_saved(door.runtime):
        answer = door.post(f"/bookings/{booking.id}/{move}")
    begin(door, booking)
    later = door.post(f"/bookings/{booking.id}/{move}")

    assert_problem(answer, 409)
    assert "It begins on Wednesday" in answer.json["detail"]
    assert "6 May 2099 at 14:30 (UTC); until then" in answer.json["detail"]
    assert later.status == 200


def test_a_no_show_who_came_after_all_is_completed_and_told(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)
    begin(door, booking)

    door.post(f"/bookings/{booking.id}/no-show")
    answer = door.post(f"/bookings/{booking.id}/complete")

    assert answer.json["status"] == "completed"
    told = rows(door.runtime, tasks, kind=Kind.BOOKING_STATUS_CHANGED)
    assert [
        (task["args"]["old_status"], task["args"]["new_status"], task["status"])
        for task in told
        if task["queue"] == "email"
    ] == [
        ("confirmed", "no_show", Status.SUPERSEDED),
        ("no_show", "completed", Status.PENDING),
    ]
