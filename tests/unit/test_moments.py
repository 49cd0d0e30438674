"""Moments as they come in: with an offset, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.moments import read_moment


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-05-22T14:30:00+02:00", datetime(2026, 5, 22, 12, 30, tzinfo=UTC)),
        ("2026-05-22T14:30:00Z", datetime(2026, 5, 22, 14, 30, tzinfo=UTC)),
        ("2026-05-22T14:30:00.999Z", datetime(2026, 5, 22, 14, 30, tzinfo=UTC)),
        ("2026-05-22 00:15+05:30", datetime(2026, 5, 21, 18, 45, tzinfo=UTC)),
        ("2199-12-31T23:59:59-12:00", datetime(2200, 1, 1, 11, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_time_with_its_offset_is_read_in_utc_and_whole_seconds(
    written: str, meant: datetime
) -> None:
    moment = read_moment(written)

    assert moment == meant
    assert moment.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "written",
    [
        "2026-05-22T14:30:00",  # nobody can know when it is
        "2026-05-22",
        "14:30",
        "tomorrow",
        "",
        "2026-02-30T10:00:00Z",
        "0001-01-01T00:00:00+14:00",  # in UTC there is no such year
        "9999-12-31T23:59:59-14:00",
        "1999-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        None,
        True,
        1_790_000_000,
        ["2026-05-22T14:30:00Z"],
        "\ud800",
    ],
)
def test_anything_else_is_refused_with_an_example(written: object) -> None:
    with pytest.raises(ValueError, match="for example 2026-05-22T14:30:00"):
        read_moment(written)


@given(text=st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        moment = read_moment(text)
    except ValueError as error:
        assert "for example" in str(error)  # noqa: PT017 - any other error fails
    else:
        assert moment.tzinfo is UTC
