"""The column type that keeps moments: exact to the millisecond, never naive."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.storage.types import Moment

OFFSETS = st.integers(-14 * 60, 14 * 60).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)
MOMENTS = st.datetimes(
    min_value=datetime.fromisoformat("1900-01-01"),
    max_value=datetime.fromisoformat("2300-01-01"),
    timezones=OFFSETS,
)


@given(moment=MOMENTS)
def test_a_moment_comes_back_as_it_was_in_utc_and_whole_milliseconds(
    moment: datetime,
) -> None:
    kept = Moment().process_bind_param(moment, None)
    back = Moment().process_result_value(kept, None)

    assert back is not None
    assert back.utcoffset() == timedelta(0)
    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)


@given(first=MOMENTS, second=MOMENTS)
def test_what_is_kept_sorts_as_the_moments_do(
    first: datetime, second: datetime
) -> None:
    kept_first = Moment().process_bind_param(first, None)
    kept_second = Moment().process_bind_param(second, None)

    assert kept_first is not None
    assert kept_second is not None
    if first <= second:
        assert kept_first <= kept_second
    else:
        assert kept_first >= kept_second


@given(moment=st.datetimes())
def test_a_naive_time_is_refused(moment: datetime) -> None:
    with pytest.raises(ValueError, match="naive"):
        Moment().process_bind_param(moment, None)


def test_no_moment_stays_none() -> None:
    assert Moment().process_bind_param(None, None) is None
    assert Moment().process_result_value(None, None) is None
