"""What follows from receipts: in any order, any number of times, only forward."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.receipts import Following, Stage, following
from app.domain.tasks import MOVES, Status

TAKEN, DELIVERED, FAILED = Stage


@pytest.mark.parametrize(
    ("status", "stage", "expected"),
    [
        (Status.SENT, TAKEN, Following.NOTHING),
        (Status.SENT, DELIVERED, Status.DELIVERED),
        (Status.SENT, FAILED, Status.UNDELIVERED),
        (Status.UNKNOWN, TAKEN, Status.SENT),
        (Status.UNKNOWN, DELIVERED, Status.DELIVERED),
        (Status.UNKNOWN, FAILED, Status.UNDELIVERED),
        (Status.SENDING, DELIVERED, Following.WAIT),
        (Status.RETRYING, TAKEN, Status.SENT),
        (Status.RETRYING, DELIVERED, Status.DELIVERED),
        (Status.RETRYING, FAILED, Following.NOTHING),
        (Status.DEAD, DELIVERED, Status.DELIVERED),
        (Status.DELIVERED, FAILED, Following.NOTHING),
        (Status.UNDELIVERED, DELIVERED, Status.DELIVERED),
        (Status.UNDELIVERED, TAKEN, Following.NOTHING),
        (Status.CANCELLED, DELIVERED, Following.NOTHING),
    ],
)
def test_each_stage_moves_a_message_or_leaves_it(
    status: Status, stage: Stage, expected: Status | Following
) -> None:
    assert following(status, stage, attempts=1) is expected


def test_what_was_never_tried_waits_for_its_worker() -> None:
    assert following(Status.QUEUED, DELIVERED, attempts=0) is Following.WAIT


@pytest.mark.parametrize(("status", "stage"), list(itertools.product(Status, Stage)))
def test_every_move_is_one_that_a_message_may_make(
    status: Status, stage: Stage
) -> None:
    to = following(status, stage, attempts=1)

    assert isinstance(to, Following) or to in MOVES[status]


def end_of(stages: Sequence[Stage], *, start: Status = Status.SENT) -> Status:
    status = start
    for stage in stages:
        to = following(status, stage, attempts=1)
        status = to if isinstance(to, Status) else status
    return status


@given(st.lists(st.sampled_from(Stage), max_size=7), st.randoms())
def test_the_end_is_the_same_in_any_order_and_with_any_repetition(
    stages: list[Stage], chance: object
) -> None:
    shuffled = [*stages, *stages]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    assert end_of(stages) is end_of(shuffled)


@given(st.lists(st.sampled_from(Stage), max_size=7))
def test_whatever_has_arrived_stays_delivered(stages: list[Stage]) -> None:
    arrived = DELIVERED in stages

    assert (end_of(stages) is Status.DELIVERED) is arrived
