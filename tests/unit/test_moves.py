"""The lives of tasks and bookings: which state may follow which."""

from __future__ import annotations

import itertools

import pytest

from app.domain import bookings, tasks
from app.domain.bookings import HOLDS_PLACE, MOVABLE, BookingStatus
from app.domain.tasks import (
    CANCELLABLE,
    FINISHED,
    RELEASABLE,
    UNDER_WAY,
    Status,
)
from app.errors import IllegalMoveError
from app.services.notifications import RETRYABLE

#: What users were told: the table of the life of a notification. More is allowed where
#: the table ends in "…"; everything in it must be.
PROMISED = {
    "pending": "queued cancelled superseded expired suppressed",
    "queued": "sending pending cancelled superseded expired suppressed",
    "sending": "sent retrying unknown dead",
    "retrying": "queued cancelled superseded expired",
    "unknown": "sent retrying dead",
    "failed": "retrying dead expired cancelled",
    "sent": "delivered undelivered",
    "delivered": "",
    "undelivered": "",
    "dead": "retrying",
    "cancelled": "",
    "superseded": "",
    "expired": "",
    "suppressed": "",
}
#: What follows from a state besides, and why.
BESIDES = {
    # the quick tries are used up, and the provider says that it has none of them
    ("unknown", "failed"),
    # it cannot be worded: no attempt is made
    ("pending", "dead"),
    ("queued", "dead"),
    # a worker that is at work takes the next row itself: no bell is rung between
    ("pending", "sending"),
    ("retrying", "sending"),
    ("sending", "failed"),  # the last quick retry has failed
    ("retrying", "dead"),
    ("retrying", "suppressed"),
    ("failed", "superseded"),
    ("failed", "suppressed"),
    # a receipt proves that it was taken, whatever we thought (the answer was lost)
    *itertools.product(
        ["pending", "queued", "retrying", "failed", "dead"], ["sent", "delivered"]
    ),
    ("unknown", "delivered"),
    ("unknown", "undelivered"),
    # a carrier gives up, and delivers all the same; or its receipts come in disorder
    ("undelivered", "delivered"),
}


def test_every_promised_move_is_allowed_and_nothing_but_these() -> None:
    promised = {
        (current, wanted)
        for current, following in PROMISED.items()
        for wanted in following.split()
    }

    allowed = {
        (current.value, wanted.value)
        for current, following in tasks.MOVES.items()
        for wanted in following
    }

    assert allowed == promised | BESIDES


@pytest.mark.parametrize(("current", "wanted"), list(itertools.product(Status, Status)))
def test_a_move_that_is_not_in_the_table_raises(
    current: Status, wanted: Status
) -> None:
    if wanted in tasks.MOVES[current]:
        tasks.check_move(current, wanted)
        return

    with pytest.raises(IllegalMoveError, match=f"is {current} cannot become {wanted}"):
        tasks.check_move(current, wanted)


def test_what_may_be_called_off_may_go_to_every_state_that_means_so() -> None:
    called_off = {Status.CANCELLED, Status.SUPERSEDED, Status.EXPIRED}

    assert all(called_off <= tasks.MOVES[status] for status in CANCELLABLE)


def test_cancelling_works_before_sending_and_from_retrying_and_failed() -> None:
    assert {"pending", "queued", "retrying", "failed"} == CANCELLABLE


def test_what_is_released_may_be_queued() -> None:
    assert all(Status.QUEUED in tasks.MOVES[status] for status in RELEASABLE)


def test_what_a_person_retries_may_be_retried() -> None:
    assert all(Status.RETRYING in tasks.MOVES[status] for status in RETRYABLE)


def test_every_state_is_finished_or_leads_on() -> None:
    # Nothing may be stuck: a state that is not finished has a way to a finished one.
    for status in set(Status) - FINISHED:
        assert reachable(status) & FINISHED


def test_a_later_message_waits_for_retrying_and_unknown_but_not_for_failed() -> None:
    assert {Status.RETRYING, Status.UNKNOWN, Status.SENDING} < UNDER_WAY
    assert not UNDER_WAY & (FINISHED | {Status.FAILED})


@pytest.mark.parametrize(
    ("current", "wanted"),
    list(itertools.product(BookingStatus, BookingStatus)),
)
def test_a_bookings_move_that_is_not_in_the_table_raises(
    current: BookingStatus, wanted: BookingStatus
) -> None:
    allowed = {
        ("pending_payment", "confirmed"),
        ("pending_payment", "cancelled"),
        ("pending_payment", "expired"),
        ("confirmed", "completed"),
        ("confirmed", "cancelled"),
        ("confirmed", "no_show"),
        ("no_show", "completed"),  # they came after all
        ("expired", "confirmed"),  # the payment came late
    }
    if (current, wanted) in allowed:
        bookings.check_move(current, wanted)
        return

    with pytest.raises(IllegalMoveError):
        bookings.check_move(current, wanted)


def test_only_what_holds_a_place_can_be_moved() -> None:
    assert {"pending_payment", "confirmed"} == HOLDS_PLACE == MOVABLE


def reachable(status: Status) -> set[Status]:
    """Return every state that may follow, in any number of moves."""
    found: set[Status] = set()
    fresh = {status}
    while fresh:
        found |= fresh
        fresh = {n for s in fresh for n in tasks.MOVES[s]} - found
    return found
