from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta

import pytest

from app.clock import utc_now
from app.commands import notification_filter
from app.storage.messages import Filter


def chosen(*words: str) -> Filter:
    parser = argparse.ArgumentParser()
    notification_filter.add_arguments(parser)
    return notification_filter.read(parser.parse_args(words))


def test_no_flags_choose_everything() -> None:
    assert chosen() == Filter()


def test_flags_are_the_filters_of_the_api() -> None:
    found = chosen(
        *("--status", "failed", "--channel", "sms", "--kind", "message"),
        *("--booking-id", "7", "--recipient", "+14155550100", "--q", "Alice"),
    )

    assert found == Filter(
        status="failed",
        channel="sms",
        kind="message",
        booking_id="7",
        recipient="+14155550100",
        q="Alice",
    )


def test_moment_is_a_time_with_its_offset_or_how_long_ago() -> None:
    found = chosen("--since", "2h", "--until", "2026-05-22T14:30:00+02:00")

    assert found.until == datetime(2026, 5, 22, 12, 30, tzinfo=UTC)
    assert found.since is not None
    assert abs(utc_now() - timedelta(hours=2) - found.since) < timedelta(seconds=10)


@pytest.mark.parametrize(
    "words",
    [
        ("--status", "lost"),
        ("--channel", "pigeon"),
        ("--since", "2026-05-22T14:30:00"),
        ("--until", "soon"),
    ],
)
def test_what_is_no_filter_is_refused(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        chosen(*words)

    assert ended.value.code == 2
    assert f"argument {words[0]}" in capsys.readouterr().err
