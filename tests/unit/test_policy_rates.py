from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.queues import Rate
from app.policy import parse_rate, write_rate
from app.policy.rates import HIGHEST_COUNT


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("1/s", Rate(count=1, per=timedelta(seconds=1))),
        ("10/m", Rate(count=10, per=timedelta(minutes=1))),
        ("200/h", Rate(count=200, per=timedelta(hours=1))),
        (" 1000/d ", Rate(count=1000, per=timedelta(days=1))),
        ("0", None),
        (0, None),
    ],
)
def test_a_rate_is_so_many_in_a_second_a_minute_an_hour_or_a_day(
    text: object, rate: Rate | None
) -> None:
    assert rate == parse_rate(text)


@given(
    count=st.integers(1, HIGHEST_COUNT),
    per=st.sampled_from(["1s", "1m", "1h", "1d"]),
)
def test_a_rate_that_was_written_is_read_as_it_was(count: int, per: str) -> None:
    rate = parse_rate(f"{count}/{per[1:]}")

    assert rate == parse_rate(write_rate(rate))
    assert write_rate(rate) == f"{count}/{per[1:]}"


def test_no_limit_is_written_as_nought() -> None:
    assert write_rate(None) == "0"


@pytest.mark.parametrize(
    "text", ["10", "10/w", "-1/m", "1.5/m", "m", "/m", "", "\u0661/m"]
)
def test_what_is_no_rate_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write 10/m"):
        parse_rate(text)


@pytest.mark.parametrize("text", ["0/m", "1000001/s"])
def test_a_rate_that_stops_all_or_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must let 1 to 1000000 through"):
        parse_rate(text)
