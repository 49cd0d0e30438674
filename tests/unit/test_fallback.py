"""Who of several providers serves: the first that is well, and how it comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.circuits import Circuit
from app.domain.fallback import PastCall, complaint, serving, spared, to_be_tried
from app.domain.outcomes import Result

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ORDER = ("twilio", "vonage", "third")
FAILED_ONCE = Circuit(failures=1)


def ill(seconds: float) -> Circuit:
    """Open for so many seconds more; below 0: it may be tried."""
    return Circuit(
        failures=5,
        open_until=NOW + timedelta(seconds=seconds),
        pause=timedelta(seconds=30),
    )


@pytest.mark.parametrize(
    ("circuits", "serves", "tried"),
    [
        ({}, "twilio", ""),
        ({"twilio": FAILED_ONCE}, "twilio", ""),
        ({"twilio": ill(20)}, "vonage", ""),
        ({"twilio": ill(-1)}, "vonage", "twilio"),
        ({"vonage": ill(-1)}, "twilio", ""),
        ({"twilio": ill(20), "vonage": ill(10)}, "third", ""),
        ({"twilio": ill(20), "vonage": ill(-1)}, "third", "vonage"),
        ({"twilio": ill(20), "vonage": ill(10), "third": ill(30)}, "vonage", ""),
        ({"twilio": ill(-5), "vonage": ill(-1), "third": ill(30)}, "twilio", ""),
    ],
)
def test_the_first_that_is_well_serves(
    circuits: dict[str, Circuit], serves: str, tried: str
) -> None:
    assert serving(ORDER, circuits, now=NOW) == serves
    assert to_be_tried(ORDER, circuits, now=NOW) == tried


def test_nobody_serves_where_nobody_is_set_up() -> None:
    assert serving((), {}, now=NOW) == ""
    assert to_be_tried((), {}, now=NOW) == ""


@pytest.mark.parametrize(
    ("seconds", "slow"),
    [
        ([9, 9, 9, 9], False),  # too few
        ([9, 9, 9, 0.1, 0.1], True),
        ([9, 9, 0.1, 0.1, 0.1], False),  # the median is fast
        ([0.1, 9, 9, 9, 9], False),  # the newest, which tried it, was fast
        ([4, 4, 4, 4, 4], True),
        ([0.1, 0.1, 0.1, 9, 9, 9, 9, 9, 9, 9], False),  # that was before
    ],
)
def test_slow_is_who_takes_long_most_of_the_time(
    seconds: list[float],
    slow: bool,  # noqa: FBT001 - what is expected
) -> None:
    calls = [PastCall(took_s=took, result=Result.ACCEPTED) for took in seconds]

    assert complaint(calls) == ("It answers slowly." if slow else "")


@pytest.mark.parametrize(
    ("results", "unreliable"),
    [
        ("x.x.x.x.x.", True),
        ("xx..xx..x.", True),
        (".x.x.x.x.x", False),  # the newest went well
        ("x.x.x.x...", False),  # 4 of 10
        ("xxxxxxxxx", False),  # too few
    ],
)
def test_unreliable_is_who_fails_every_other_time(
    results: str,
    unreliable: bool,  # noqa: FBT001 - as above
) -> None:
    calls = [
        PastCall(took_s=0.1, result=Result.AMBIGUOUS if one == "x" else Result.ACCEPTED)
        for one in results
    ]

    assert complaint(calls) == ("It fails every other time." if unreliable else "")


def test_a_slow_one_is_left_alone_for_a_while_and_longer_each_time() -> None:
    first = spared(None, "It is slow.", now=NOW)
    again = spared(first, "It is slow.", now=NOW)

    assert first.is_open(NOW + timedelta(seconds=29))
    assert not first.is_open(NOW + timedelta(seconds=30))
    assert again.pause == 2 * first.pause
