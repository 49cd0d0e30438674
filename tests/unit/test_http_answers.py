"""Reading what an HTTP server said, however oddly it said it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels import http_answers
from app.channels.http_answers import Answer

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "pause"),
    [
        ("0", timedelta(0)),
        (" 17 ", timedelta(seconds=17)),
        ("3600", timedelta(hours=1)),
        ("86400", timedelta(days=1)),
        ("604800", timedelta(days=7)),
        ("604801", timedelta(hours=1)),
        ("1795330800", timedelta(hours=1)),  # that is a moment
        ("9" * 5000, timedelta(hours=1)),
        ("Sun, 22 Nov 2026 07:00:30 GMT", timedelta(seconds=30)),
        ("Sun, 22 Nov 2026 07:00:30 -0000", timedelta(seconds=30)),
        ("Sun, 22 Nov 2026 06:00:00 GMT", timedelta(0)),
        ("Tue, 24 Nov 2026 07:00:00 GMT", timedelta(days=2)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", timedelta(hours=1)),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("1.5", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(
    value: str, pause: timedelta | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_answers, "utc_now", lambda: NOW)
    answer = Answer(status=429, headers={"Retry-After": value}, body=b"")

    assert answer.retry_after == pause


@given(st.text())
def test_no_retry_after_is_ever_negative_or_too_long(value: str) -> None:
    answer = Answer(status=429, headers={"Retry-After": value}, body=b"")

    pause = answer.retry_after

    assert pause is None or timedelta(0) <= pause <= timedelta(days=7)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[1]",
        b'"text"',
        b'{"sid":',
        b"[" * 60_000,
        b'{"sid":"\xff"}',
        b"<html>",
        b"1" * 60_000,
    ],
)
def test_a_body_that_is_no_object_reads_as_an_empty_one(body: bytes) -> None:
    assert Answer(status=200, headers={}, body=body).json_object() == {}
