"""The arithmetic of a rate limit: who finds room, and what is kept for the urgent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.openings import PLENTY, Room, reserved, room_under
from app.domain.queues import QUEUES, URGENT, Rate

RATES = st.integers(1, 1000).map(lambda count: Rate(count=count))
USUAL = URGENT + 1


@pytest.mark.parametrize(
    ("count", "kept"),
    # One in ten and at least one, but never the only one.
    [(1, 0), (2, 1), (5, 1), (10, 1), (19, 1), (20, 2), (30, 3), (100, 10)],
)
def test_one_in_ten_is_kept_for_what_is_urgent(count: int, kept: int) -> None:
    assert reserved(Rate(count=count)) == kept


@pytest.mark.parametrize(
    ("used", "due", "urgent", "usual"),
    [
        (0, 1000, 10, 9),  # more waits than fits: one is kept
        (0, 11, 10, 9),
        (0, 10, 10, 10),  # all of it fits: nothing need be kept
        (9, 1000, 1, 0),
        (9, 1, 1, 1),
        (10, 1, 0, 0),  # the limit is used up, for everybody
        (15, 1000, 0, 0),  # it was lowered while more had left
    ],
)
def test_room_under_ten_a_minute(used: int, due: int, urgent: int, usual: int) -> None:
    room = room_under(Rate(count=10), used=used, due=due)

    assert (room.urgent, room.usual) == (urgent, usual)


def test_without_a_limit_there_is_room_for_all() -> None:
    assert room_under(None, used=10**6, due=10**6) == Room.of(PLENTY)


def test_a_limit_of_one_lets_out_what_is_not_urgent_too() -> None:
    room = room_under(Rate(count=1), used=0, due=5)

    assert room.admit(USUAL)


@given(rate=RATES, used=st.integers(0, 2000), due=st.integers(0, 2000))
def test_never_more_than_the_rate(rate: Rate, used: int, due: int) -> None:
    room = room_under(rate, used=used, due=due)

    assert 0 <= room.usual <= room.urgent <= max(rate.count - used, 0)


@given(rate=RATES, used=st.integers(0, 2000), due=st.integers(0, 2000))
def test_the_reserved_share_is_kept_while_more_waits_than_fits(
    rate: Rate, used: int, due: int
) -> None:
    room = room_under(rate, used=used, due=due)

    free = max(rate.count - used, 0)
    kept = reserved(rate) if due > free else 0
    assert room.usual == max(free - kept, 0)


@given(rate=RATES, used=st.integers(0, 2000), due=st.integers(0, 2000))
def test_an_urgent_one_always_finds_what_is_free(
    rate: Rate, used: int, due: int
) -> None:
    room = room_under(rate, used=used, due=due)

    assert room.admit(URGENT) == (used < rate.count)


@given(
    rate=RATES,
    waiting=st.lists(st.sampled_from([10, URGENT, USUAL, 50, 90]), max_size=200),
)
def test_one_after_the_other_fills_the_limit_and_never_more(
    rate: Rate, waiting: list[int]
) -> None:
    room = room_under(rate, used=0, due=len(waiting))

    left = []
    for priority in sorted(waiting):
        if room.admit(priority):
            room.fill()
            left.append(priority)

    urgent = sum(priority <= URGENT for priority in waiting)
    assert len(left) <= rate.count
    # Nobody urgent stays behind for one who is not.
    assert sum(priority <= URGENT for priority in left) == min(urgent, rate.count)
    if len(waiting) <= rate.count:
        assert left == sorted(waiting)


@given(rate=RATES, waiting=st.integers(0, 2000))
def test_who_waits_alone_always_gets_on(rate: Rate, waiting: int) -> None:
    # Nothing is kept for ever: without any urgent one some of the usual still leave.
    room = room_under(rate, used=0, due=waiting)

    assert waiting == 0 or room.admit(USUAL)


def test_the_queue_of_one_time_codes_is_urgent_and_no_other() -> None:
    urgent = {name for name, policy in QUEUES.items() if policy.priority <= URGENT}

    assert urgent == {"high"}
