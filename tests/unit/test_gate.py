"""The truth gate: every kind, every state of a booking, moved or not, useful or not."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.bookings import BookingStatus
from app.domain.gate import BookingNow, Refusal, refusal
from app.domain.kinds import KINDS, Kind
from app.domain.tasks import MOVES, Status

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
TOLD = NOW + timedelta(days=2)
MOVED = TOLD + timedelta(hours=1)
IN_A_DAY = NOW + timedelta(days=1)

#: In which states of its booking a message of each kind is true.
TRUE_IN: dict[Kind, set[str]] = {
    Kind.BOOKING_CONFIRMED: {"confirmed"},
    Kind.BOOKING_CANCELLED: {"cancelled"},
    Kind.BOOKING_RESCHEDULED: {"confirmed", "pending_payment"},
    Kind.BOOKING_STATUS_CHANGED: {"completed"},  # the one that it tells below
    Kind.BOOKING_REMINDER: {"confirmed"},
    Kind.PAYMENT_RECEIVED: set(BookingStatus),
    Kind.FOLLOW_UP: {"confirmed", "completed"},
    Kind.MESSAGE: set(BookingStatus),
    Kind.REPLY: set(BookingStatus),
    Kind.ONE_TIME_CODE: set(BookingStatus),
}
#: These tell a time, and are untrue once the booking has another one.
TELL_TIME = {Kind.BOOKING_CONFIRMED, Kind.BOOKING_RESCHEDULED, Kind.BOOKING_REMINDER}


def args_of(kind: Kind) -> dict[str, Any]:
    if kind is Kind.MESSAGE:
        return {"data": {"text": "Hello"}}
    told = {"start": TOLD.isoformat()}
    if kind is Kind.BOOKING_STATUS_CHANGED:
        return told | {"old_status": "confirmed", "new_status": "completed"}
    return told


def ask(
    kind: Kind,
    *,
    booking: BookingNow | None,
    useful_until: datetime = IN_A_DAY,
    now: datetime = NOW,
    args: dict[str, Any] | None = None,
) -> Refusal | None:
    return refusal(
        KINDS[kind],
        args=args_of(kind) if args is None else args,
        booking=booking,
        useful_until=useful_until,
        now=now,
    )


@pytest.mark.parametrize(
    ("kind", "status", "is_moved", "is_useful"),
    list(itertools.product(Kind, BookingStatus, [False, True], [False, True])),
)
def test_a_message_leaves_only_while_it_is_true_and_useful(
    kind: Kind,
    status: BookingStatus,
    is_moved: bool,  # noqa: FBT001 - a column of the table
    is_useful: bool,  # noqa: FBT001 - a column of the table
) -> None:
    booking = BookingNow(status=status, start=MOVED if is_moved else TOLD)

    refused = ask(kind, booking=booking, useful_until=IN_A_DAY if is_useful else NOW)

    may_leave = (
        is_useful and status in TRUE_IN[kind] and not (is_moved and kind in TELL_TIME)
    )
    assert (refused is None) == may_leave
    if refused is not None:
        assert refused.status in MOVES[Status.QUEUED]
        assert refused.reason.endswith(".")


@pytest.mark.parametrize(
    ("kind", "status", "moved_to", "expected"),
    [
        ("booking_confirmed", "cancelled", TOLD, "cancelled"),
        ("booking_reminder", "cancelled", MOVED, "cancelled"),
        ("booking_confirmed", "completed", TOLD, "superseded"),
        ("booking_reminder", "no_show", TOLD, "superseded"),
        ("booking_confirmed", "confirmed", MOVED, "superseded"),
        ("booking_cancelled", "confirmed", TOLD, "superseded"),
        ("booking_status_changed", "cancelled", TOLD, "superseded"),
        ("booking_status_changed", "no_show", TOLD, "superseded"),
    ],
)
def test_what_is_untrue_is_called_off_as_what_happened(
    kind: str, status: str, moved_to: datetime, expected: str
) -> None:
    booking = BookingNow(status=BookingStatus(status), start=moved_to)

    refused = ask(Kind(kind), booking=booking)

    assert refused is not None
    assert refused.status == expected


@pytest.mark.parametrize("kind", Kind)
def test_what_is_no_longer_useful_is_expired_whatever_else_is_untrue(
    kind: Kind,
) -> None:
    booking = BookingNow(status=BookingStatus.CANCELLED, start=MOVED)

    refused = ask(kind, booking=booking, useful_until=NOW - timedelta(seconds=1))

    assert refused is not None
    assert refused.status is Status.EXPIRED


@pytest.mark.parametrize("kind", Kind)
def test_a_message_about_no_booking_leaves_while_it_is_useful(kind: Kind) -> None:
    assert ask(kind, booking=None) is None
    assert ask(kind, booking=None, useful_until=NOW + timedelta(milliseconds=1)) is None
    assert ask(kind, booking=None, useful_until=NOW) is not None


@pytest.mark.parametrize("kind", sorted(TELL_TIME))
def test_a_sites_own_words_about_a_booking_tell_what_they_like(kind: Kind) -> None:
    booking = BookingNow(status=BookingStatus.CONFIRMED, start=MOVED)

    assert ask(kind, booking=booking, args={"data": {"start": "…"}}) is None


def test_the_same_moment_in_another_zone_is_no_move() -> None:
    args = {"start": (TOLD + timedelta(0)).isoformat().replace("+00:00", "Z")}
    booking = BookingNow(status=BookingStatus.CONFIRMED, start=TOLD)

    assert ask(Kind.BOOKING_REMINDER, booking=booking, args=args) is None
