"""Free places: the arithmetic, and against a count of every single minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.availability import LONGEST_STEP, Offer, Taken, offers, places_left

NINE = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return NINE + timedelta(minutes=minutes)


def taken(first: int, last: int, places: int = 1) -> Taken:
    return Taken(start=at(first), end=at(last), places=places)


SOME_TAKEN = st.lists(
    st.builds(
        lambda first, length, places: taken(first, first + length, places),
        st.integers(-90, 90),
        st.integers(1, 90),
        st.integers(1, 4),
    ),
    max_size=8,
)


@pytest.mark.parametrize(
    ("others", "left"),
    [
        ([], 5),
        ([taken(0, 60)], 4),  # 5 - 1
        ([taken(0, 60, 3), taken(30, 90, 2)], 0),  # both in the second half: 5 - 5
        ([taken(0, 30, 3), taken(30, 60, 2)], 2),  # one after the other: 5 - 3
        ([taken(-60, 0, 5)], 5),  # ends as we begin
        ([taken(60, 120, 5)], 5),  # begins as we end
        ([taken(0, 60, 9)], 0),  # more than there are (the service has shrunk)
        ([taken(-60, 120, 2), taken(10, 20), taken(40, 50, 2)], 1),  # 5 - (2 + 2)
    ],
)
def test_places_left_are_those_of_the_fullest_moment(
    others: list[Taken], left: int
) -> None:
    found = places_left(others, start=at(0), end=at(60), capacity=5)

    assert found == left


@given(others=SOME_TAKEN, length=st.integers(1, 90), capacity=st.integers(1, 12))
def test_places_left_agree_with_a_count_of_every_minute(
    others: list[Taken], length: int, capacity: int
) -> None:
    fullest = max(
        sum(t.places for t in others if t.start <= at(minute) < t.end)
        for minute in range(length)
    )

    found = places_left(others, start=at(0), end=at(length), capacity=capacity)

    assert found == max(0, capacity - fullest)


@given(
    others=SOME_TAKEN,
    capacity=st.integers(1, 6),
    party=st.integers(1, 6),
    first=st.integers(-60, 60),
    length=st.integers(1, 90),
)
def test_a_booking_that_fits_never_overfills_a_minute(
    others: list[Taken], capacity: int, party: int, first: int, length: int
) -> None:
    left = places_left(
        others, start=at(first), end=at(first + length), capacity=capacity
    )
    if left < party:
        return

    booked = [*others, taken(first, first + length, party)]

    assert all(
        sum(t.places for t in booked if t.start <= at(minute) < t.end) <= capacity
        for minute in range(first, first + length)
    )


@given(
    others=SOME_TAKEN,
    duration=st.integers(1, 90).map(lambda minutes: timedelta(minutes=minutes)),
    buffer=st.integers(0, 30).map(lambda minutes: timedelta(minutes=minutes)),
)
def test_just_the_starts_that_have_places_left_are_offered(
    others: list[Taken], duration: timedelta, buffer: timedelta
) -> None:
    step = min(duration, LONGEST_STEP)
    starts = [at(-60) + nth * step for nth in range(-(-timedelta(hours=2) // step))]
    left = {
        start: places_left(
            others, start=start, end=start + duration + buffer, capacity=3
        )
        for start in starts
    }

    found = offers(
        others, window=(at(-60), at(60)), duration=duration, buffer=buffer, capacity=3
    )

    assert {offer.start: offer.places_left for offer in found} == {
        start: places for start, places in left.items() if places
    }


def test_starts_are_offered_every_half_hour_at_most() -> None:
    found = offered(hours=2, minutes=90, others=[])

    assert [offer.start for offer in found] == [at(0), at(30), at(60), at(90)]


def test_a_short_service_is_offered_back_to_back() -> None:
    found = offered(hours=1, minutes=20, others=[])

    assert [offer.start for offer in found] == [at(0), at(20), at(40)]


def test_a_full_time_is_not_offered_and_a_fuller_one_says_how_full() -> None:
    others = [taken(0, 60, 5), taken(90, 120, 2)]

    found = offered(hours=2, minutes=30, others=others)

    assert found == [
        Offer(start=at(60), places_left=5),
        Offer(start=at(90), places_left=3),
    ]


def test_the_buffer_after_an_appointment_must_be_free_too() -> None:
    found = list(
        offers(
            [taken(60, 120, 5)],
            window=(at(0), at(60)),
            duration=timedelta(minutes=30),
            buffer=timedelta(minutes=15),
            capacity=5,
        )
    )

    # 9:30 would end at 10:00, but need 10:15.
    assert [offer.start for offer in found] == [at(0)]


def offered(*, hours: int, minutes: int, others: list[Taken]) -> list[Offer]:
    return list(
        offers(
            others,
            window=(at(0), at(hours * 60)),
            duration=timedelta(minutes=minutes),
            buffer=timedelta(0),
            capacity=5,
        )
    )
