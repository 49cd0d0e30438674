"""When a provider is spared, for how long, and what lets it off again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.circuits import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    PATIENCE_S,
    PROBE_PATIENCE_S,
    PROBE_TAKES_AT_MOST,
    TIMEOUT_IS_REMEMBERED,
    Circuit,
    after,
    answered,
    patience_s,
    probing,
)
from app.domain.outcomes import Fault, Outcome, Result
from tests.clock import USUAL as NOW

LIMITED_FOR = timedelta(seconds=90)


def said(fault: Fault, *, retry_after: timedelta | None = None) -> Outcome:
    result = Result.ACCEPTED if fault is Fault.NONE else Result.TRANSIENT
    return Outcome(result=result, reason="ill", fault=fault, retry_after=retry_after)


def after_all(*faults: Fault) -> Circuit | None:
    circuit = None
    for fault in faults:
        circuit = after(circuit, said(fault), now=NOW, is_probe=True)
    return circuit


@pytest.mark.parametrize(
    ("faults", "is_tripped"),
    [
        ([Fault.DOWN] * 4, False),
        ([Fault.DOWN] * 5, True),  # five in a row
        ([Fault.TIMEOUT], False),
        ([Fault.TIMEOUT] * 2, True),  # two time-outs
        ([Fault.TIMEOUT, Fault.DOWN, Fault.TIMEOUT], True),
        ([Fault.REFUSED], True),  # one refused login
        ([Fault.LIMITED], True),  # it asked for it
        ([Fault.DOWN] * 4 + [Fault.NONE] + [Fault.DOWN] * 4, False),
        ([Fault.TIMEOUT, *[Fault.NONE] * 9, Fault.TIMEOUT], True),  # soon after
        ([Fault.TIMEOUT, Fault.NONE, *[Fault.DOWN] * 4], False),
        ([Fault.TIMEOUT, Fault.NONE, *[Fault.DOWN] * 4, Fault.NONE], False),
        ([Fault.REFUSED, Fault.NONE], False),
    ],
)
def test_what_opens_a_circuit(faults: list[Fault], is_tripped: bool) -> None:  # noqa: FBT001 - the expectation
    circuit = after_all(*faults)

    assert (circuit is not None and circuit.is_tripped) == is_tripped


def test_a_provider_that_is_well_is_held_nothing_against() -> None:
    assert after(None, said(Fault.NONE), now=NOW) is None
    ill = after_all(*[Fault.DOWN] * 5)
    assert after(ill, said(Fault.NONE), now=NOW, is_probe=True) is None


def test_a_time_out_is_remembered_for_a_minute_whatever_goes_well_meanwhile() -> None:
    hung = after(None, said(Fault.TIMEOUT), now=NOW)
    soon = NOW + TIMEOUT_IS_REMEMBERED - timedelta(milliseconds=1)
    later = NOW + TIMEOUT_IS_REMEMBERED

    well = after(hung, said(Fault.NONE), now=soon)
    again = after(well, said(Fault.TIMEOUT), now=soon)
    long_after = after(well, said(Fault.TIMEOUT), now=later)

    assert patience_s(well, now=soon) == PROBE_PATIENCE_S
    assert again is not None
    assert again.is_tripped
    assert patience_s(well, now=later) == PATIENCE_S
    assert long_after == after(None, said(Fault.TIMEOUT), now=later)
    assert after(well, said(Fault.NONE), now=later) is None


def test_time_outs_in_a_row_are_remembered_for_as_long_as_nothing_goes_well() -> None:
    hung = after(None, said(Fault.TIMEOUT), now=NOW)
    later = NOW + timedelta(hours=3)

    again = after(hung, said(Fault.TIMEOUT), now=later)

    assert patience_s(hung, now=later) == PROBE_PATIENCE_S
    assert again is not None
    assert again.is_tripped


def test_a_clock_that_was_set_back_keeps_no_time_out_in_mind() -> None:
    well = after_all(Fault.TIMEOUT, Fault.NONE)

    yesterday = NOW - timedelta(hours=24)

    assert patience_s(well, now=yesterday) == PATIENCE_S


def test_each_third_time_out_the_probe_may_take_as_long_as_any_call() -> None:
    circuit = after_all(*[Fault.DOWN] * 5)
    given = []

    for _ in range(9):
        given.append(patience_s(circuit, now=NOW))
        circuit = after(circuit, said(Fault.TIMEOUT), now=NOW, is_probe=True)

    short, long = PROBE_PATIENCE_S, PATIENCE_S
    assert given == [short] * 3 + [long, short, short] * 2


@pytest.mark.parametrize(
    "fault", [Fault.NONE, Fault.DOWN, Fault.TIMEOUT, Fault.REFUSED]
)
def test_what_was_under_way_as_it_opened_changes_nothing(fault: Fault) -> None:
    ill = after_all(*[Fault.DOWN] * 5)

    assert after(ill, said(fault), now=NOW + timedelta(seconds=2)) == ill


def test_who_hangs_on_another_channel_is_not_tried_on_this_one_right_after() -> None:
    ill = after_all(*[Fault.DOWN] * 5)
    due = NOW + FIRST_PAUSE

    known = after(ill, said(Fault.TIMEOUT), now=due)

    assert known is not None
    assert known.is_open(due + PROBE_TAKES_AT_MOST - timedelta(milliseconds=1))
    assert not known.is_open(due + PROBE_TAKES_AT_MOST)
    assert known.pause == FIRST_PAUSE


def test_a_later_wish_for_a_pause_never_shortens_an_earlier_one() -> None:
    long = after(None, said(Fault.LIMITED, retry_after=timedelta(hours=1)), now=NOW)

    both = after(long, said(Fault.LIMITED), now=NOW)

    assert both is not None
    assert both.open_until == NOW + timedelta(hours=1)


def test_a_probe_that_is_asked_for_a_pause_sets_no_longer_one() -> None:
    ill = after_all(Fault.REFUSED)
    assert ill is not None
    short = said(Fault.LIMITED, retry_after=timedelta(seconds=2))

    asked = after(probing(ill, now=NOW), short, now=NOW, is_probe=True)

    assert asked is not None
    assert asked.open_until == NOW + timedelta(seconds=2)


def test_an_answered_look_up_lets_one_message_try_and_closes_nothing() -> None:
    ill = after_all(Fault.REFUSED)
    assert ill is not None

    known = answered(ill, now=NOW)

    assert not known.is_open(NOW)
    assert known.is_tripped
    assert known.pause == ill.pause


def test_a_clock_that_was_set_back_keeps_no_circuit_open() -> None:
    ill = after_all(Fault.REFUSED)
    assert ill is not None

    assert not ill.is_open(NOW - timedelta(hours=24))


@pytest.mark.parametrize(
    ("retry_after", "pause"),
    [
        (LIMITED_FOR, LIMITED_FOR),
        (None, FIRST_PAUSE),
        (timedelta(0), FIRST_PAUSE),
        (timedelta(milliseconds=1), timedelta(seconds=1)),
    ],
)
def test_who_is_asked_for_a_pause_keeps_it(
    retry_after: timedelta | None, pause: timedelta
) -> None:
    circuit = after(None, said(Fault.LIMITED, retry_after=retry_after), now=NOW)

    assert circuit is not None
    assert circuit.open_until == NOW + pause
    # It is not ill: nothing doubles, and nothing adds up.
    assert (circuit.failures, circuit.pause) == (0, timedelta(0))


def test_the_pause_doubles_with_each_probe_that_fails_up_to_ten_minutes() -> None:
    circuit = after_all(Fault.REFUSED)
    pauses = []
    now = NOW

    for _ in range(7):
        assert circuit is not None
        assert circuit.open_until is not None
        pauses.append((circuit.open_until - now).total_seconds())
        now = circuit.open_until
        trying = probing(circuit, now=now)
        circuit = after(trying, said(Fault.DOWN), now=now, is_probe=True)

    assert pauses == [30, 60, 120, 240, 480, 600, 600]
    assert circuit is not None
    assert circuit.opened_at == NOW


def test_a_pause_it_asks_for_in_between_does_not_make_the_next_one_short() -> None:
    ill = after_all(Fault.REFUSED)
    limited = after(ill, said(Fault.LIMITED, retry_after=LIMITED_FOR), now=NOW)

    again = after(limited, said(Fault.DOWN), now=NOW, is_probe=True)

    assert again is not None
    assert again.pause == 2 * FIRST_PAUSE


def test_it_is_open_until_its_moment_and_one_may_try_from_then() -> None:
    circuit = after_all(Fault.REFUSED)
    assert circuit is not None
    moment = NOW + FIRST_PAUSE

    assert circuit.is_open(moment - timedelta(milliseconds=1))
    assert not circuit.is_open(moment)
    assert circuit.is_tripped


def test_while_one_tries_it_is_shut_to_all_others_but_not_for_ever() -> None:
    circuit = after_all(Fault.REFUSED)
    assert circuit is not None
    now = NOW + FIRST_PAUSE

    trying = probing(circuit, now=now)

    assert trying.is_open(now)
    assert not trying.is_open(now + PROBE_TAKES_AT_MOST)
    assert (trying.pause, trying.opened_at) == (circuit.pause, circuit.opened_at)
    # Else a second one could begin while the first is still waiting for its answer.
    assert PROBE_TAKES_AT_MOST.total_seconds() > max(PROBE_PATIENCE_S, PATIENCE_S)


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ([], PATIENCE_S),
        ([Fault.DOWN], PATIENCE_S),
        ([Fault.TIMEOUT], PROBE_PATIENCE_S),
        ([Fault.REFUSED], PROBE_PATIENCE_S),
        ([Fault.TIMEOUT, Fault.NONE], PROBE_PATIENCE_S),
        ([Fault.TIMEOUT, Fault.TIMEOUT], PROBE_PATIENCE_S),
        ([Fault.TIMEOUT, Fault.TIMEOUT, Fault.NONE], PATIENCE_S),
    ],
)
def test_patience_is_short_with_whoever_may_hang(
    faults: list[Fault], expected: float
) -> None:
    assert patience_s(after_all(*faults), now=NOW) == expected


def test_two_calls_that_hang_and_a_probe_leave_others_within_15_seconds() -> None:
    # The longest that anything else waits behind a provider that hangs.
    assert PATIENCE_S + PROBE_PATIENCE_S < 15


@given(faults=st.lists(st.sampled_from(Fault), max_size=40))
def test_whatever_happens_the_pause_is_bounded_and_success_forgives_all(
    faults: list[Fault],
) -> None:
    circuit = after_all(*faults)

    if circuit is not None:
        assert timedelta(0) <= circuit.pause <= LONGEST_PAUSE
        assert circuit.is_tripped == (circuit.opened_at is not None)
        assert circuit.open_until is None or circuit.open_until > NOW
        assert (circuit.timed_out_at is None) == (circuit.timeouts == 0)
    later = NOW + TIMEOUT_IS_REMEMBERED
    assert after(circuit, said(Fault.NONE), now=later, is_probe=True) is None


@given(faults=st.lists(st.sampled_from([f for f in Fault if f is not Fault.NONE])))
def test_five_failures_open_it_in_whatever_order_they_come(
    faults: list[Fault],
) -> None:
    ill = [fault for fault in faults if fault is not Fault.LIMITED]

    circuit = after_all(*faults)

    if len(ill) >= 5:
        assert circuit is not None
        assert circuit.is_tripped
