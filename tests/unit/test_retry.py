"""Retry decisions: the promised pauses, with the arithmetic beside them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.outcomes import Outcome, Result
from app.domain.queues import QUEUES, QueuePolicy
from app.domain.retry import (
    Decision,
    Pauses,
    Tries,
    decide,
    decide_not_there,
    failed_pause,
)
from app.domain.tasks import MOVES, Status

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SMS = QUEUES["sms"]
PAUSES = Pauses(retry_failed=timedelta(minutes=5), look_up=timedelta(seconds=60))
#: The pause before each quick retry, in seconds.
QUICK = [60, 120, 240]

TRANSIENT = Outcome(result=Result.TRANSIENT, reason="busy")


def seconds(decision: Decision) -> float:
    assert decision.next_attempt_at is not None
    return (decision.next_attempt_at - NOW).total_seconds()


def after(
    outcome: Outcome,
    *,
    quick: int = 1,
    rounds: int = 0,
    policy: QueuePolicy = SMS,
    chance: Callable[[], float] = lambda: 0.5,
) -> Decision:
    return decide(
        outcome,
        tries=Tries(quick=quick, rounds=rounds),
        policy=policy,
        pauses=PAUSES,
        now=NOW,
        chance=chance,
    )


@pytest.mark.parametrize(
    ("quick", "chance", "pause"),
    [
        (1, 0.0, 48.0),  # 60 * 0.8
        (1, 0.5, 60.0),  # 60 * 1.0
        (1, 0.75, 66.0),  # 60 * 1.1
        (2, 0.0, 96.0),  # 120 * 0.8
        (2, 0.5, 120.0),
        (3, 0.5, 240.0),
        (3, 0.75, 264.0),  # 240 * 1.1
    ],
)
def test_quick_retries_come_after_60_120_and_240_seconds(
    quick: int, chance: float, pause: float
) -> None:
    decision = after(TRANSIENT, quick=quick, chance=lambda: chance)

    assert decision.status is Status.RETRYING
    assert seconds(decision) == pytest.approx(pause)


@pytest.mark.parametrize(
    ("rounds", "minutes"),
    [
        (0, 5),
        (1, 10),  # 5 * 2
        (2, 20),  # 5 * 4
        (3, 40),  # 5 * 8
        (4, 60),  # 5 * 16 = 80, at most an hour
        (5, 60),
        (100, 60),
    ],
)
def test_after_the_third_quick_retry_it_fails_with_growing_pauses(
    rounds: int, minutes: int
) -> None:
    decision = after(TRANSIENT, quick=4, rounds=rounds)

    assert decision.status is Status.FAILED
    assert seconds(decision) == minutes * 60


@pytest.mark.parametrize(
    ("quick", "asked", "pause"),
    [
        (1, 10, 60.0),  # the pause is longer
        (1, 300, 300.0),  # the provider asks for more than 60
        (4, 60, 300.0),  # failed: 5 minutes are longer
        (4, 3600, 3600.0),
    ],
)
def test_no_retry_comes_before_the_provider_wants_it(
    quick: int, asked: int, pause: float
) -> None:
    outcome = Outcome(result=Result.TRANSIENT, retry_after=timedelta(seconds=asked))

    decision = after(outcome, quick=quick)

    assert seconds(decision) == pause


@pytest.mark.parametrize(
    "result",
    [Result.PERMANENT_RECIPIENT, Result.PERMANENT_CONTENT, Result.SUPPRESSED],
)
def test_permanent_error_goes_to_dead_letters_at_once(result: Result) -> None:
    decision = after(Outcome(result=result), quick=1)

    assert decision == Decision(status=Status.DEAD)


def test_what_was_accepted_is_sent_and_never_looked_at_again() -> None:
    assert after(Outcome(result=Result.ACCEPTED)) == Decision(status=Status.SENT)


@pytest.mark.parametrize("quick", [1, 2, 3, 4, 50])
def test_an_ambiguous_outcome_is_unknown_and_looked_up_after_a_minute(
    quick: int,
) -> None:
    decision = after(Outcome(result=Result.AMBIGUOUS), quick=quick)

    assert decision.status is Status.UNKNOWN
    assert seconds(decision) == 60


def test_wrong_credentials_are_not_retried_quickly() -> None:
    decision = after(Outcome(result=Result.CONFIG), quick=1)

    assert decision.status is Status.FAILED
    assert seconds(decision) == 300


@given(
    quick=st.integers(1, 3),
    chance=st.floats(0, 1, exclude_max=True),
    asked=st.integers(0, 7200),
)
def test_a_quick_retry_is_within_its_jitter_and_never_early(
    quick: int, chance: float, asked: int
) -> None:
    outcome = Outcome(result=Result.TRANSIENT, retry_after=timedelta(seconds=asked))

    pause = seconds(after(outcome, quick=quick, chance=lambda: chance))

    assert pause >= asked
    if asked <= QUICK[quick - 1] * 0.8:
        assert QUICK[quick - 1] * 0.8 <= pause <= QUICK[quick - 1] * 1.2


PAUSE = st.timedeltas(timedelta(0), timedelta(days=1))


@given(
    delays=st.lists(PAUSE, max_size=5).map(tuple),
    jitter=st.floats(0, 1),
    cap=PAUSE,
    quick=st.integers(0, 10),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_whatever_the_policy_says_a_quick_retry_is_never_later_than_its_cap(
    delays: tuple[timedelta, ...],
    jitter: float,
    cap: timedelta,
    quick: int,
    chance: float,
) -> None:
    policy = QueuePolicy(
        priority=1, retry_delays=delays, retry_jitter=jitter, retry_cap=cap
    )

    decision = after(TRANSIENT, quick=quick, policy=policy, chance=lambda: chance)

    assert (decision.status is Status.RETRYING) == (max(quick, 1) <= len(delays))
    if decision.status is Status.RETRYING:
        own = delays[max(quick, 1) - 1].total_seconds()
        pause, longest = seconds(decision), min(own * (1 + jitter), cap.total_seconds())
        slack = 0.00001  # a timedelta is rounded to microseconds
        assert min(own * (1 - jitter), longest) - slack <= pause <= longest + slack


@pytest.mark.parametrize(
    ("delay_s", "cap_s", "chance", "pause"),
    [
        (600, 600, 0.5, 600.0),
        (600, 600, 0.99, 600.0),  # 600 * 1.196 = 717.6, at most 600
        (550, 600, 0.75, 600.0),  # 550 * 1.1 = 605
        (600, 600, 0.0, 480.0),  # 600 * 0.8
        (3600, 60, 0.0, 60.0),
    ],
)
def test_the_cap_holds_with_the_jitter_included(
    delay_s: int, cap_s: int, chance: float, pause: float
) -> None:
    policy = QueuePolicy(
        priority=1,
        retry_delays=(timedelta(seconds=delay_s),),
        retry_cap=timedelta(seconds=cap_s),
    )

    decision = after(TRANSIENT, policy=policy, chance=lambda: chance)

    assert seconds(decision) == pytest.approx(pause)


def test_what_was_never_tried_waits_as_after_the_first_try() -> None:
    assert after(TRANSIENT, quick=0) == after(TRANSIENT, quick=1)


@pytest.mark.parametrize("quick", [0, 1, 7])
def test_a_queue_without_quick_retries_has_none(quick: int) -> None:
    policy = QueuePolicy(priority=1, retry_delays=())

    assert after(TRANSIENT, quick=quick, policy=policy).status is Status.FAILED


@given(
    result=st.sampled_from(Result),
    quick=st.integers(1, 1000),
    rounds=st.integers(0, 100_000),
    asked=st.none() | st.timedeltas(timedelta(0), timedelta(hours=1)),
)
def test_every_outcome_leads_from_sending_to_an_allowed_state_with_a_time(
    result: Result, quick: int, rounds: int, asked: timedelta | None
) -> None:
    outcome = Outcome(result=result, retry_after=asked)

    decision = after(outcome, quick=quick, rounds=rounds)

    assert decision.status in MOVES[Status.SENDING]
    is_final = decision.status in (Status.SENT, Status.DEAD)
    assert is_final == (decision.next_attempt_at is None)
    assert is_final or seconds(decision) <= 3600


@given(
    rounds=st.integers(0, 100_000),
    base=st.timedeltas(timedelta(0), timedelta(days=3650)),
)
def test_the_pause_of_a_failed_message_is_never_shorter_than_the_one_before(
    rounds: int, base: timedelta
) -> None:
    pause, longer = failed_pause(rounds, base), failed_pause(rounds + 1, base)

    assert base <= pause <= longer <= max(base, timedelta(hours=1))


@pytest.mark.parametrize(
    ("quick", "rounds", "status", "pause_s"),
    [
        (1, 0, Status.RETRYING, 0),  # 60 - 60 that the look-up has waited
        (2, 0, Status.RETRYING, 60),  # 120 - 60
        (3, 0, Status.RETRYING, 180),  # 240 - 60
        (4, 0, Status.FAILED, 5 * 60),
        (5, 1, Status.FAILED, 10 * 60),  # 5 * 2
        (9, 7, Status.FAILED, 60 * 60),
    ],
)
def test_what_the_provider_does_not_have_is_retried_like_any_failure(
    quick: int, rounds: int, status: Status, pause_s: int
) -> None:
    decision = decide_not_there(
        tries=Tries(quick=quick, rounds=rounds),
        policy=SMS,
        pauses=PAUSES,
        now=NOW,
        chance=lambda: 0.5,
    )

    assert decision.status is status
    assert seconds(decision) == pause_s
