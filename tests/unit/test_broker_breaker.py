"""The breaker of the doorbell, on a clock that stands still."""

from __future__ import annotations

import pytest

from app.broker.breaker import FIRST_PAUSE_S, LONGEST_PAUSE_S, Breaker


class HeldClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def breaker(clock: HeldClock) -> Breaker:
    return Breaker(clock=clock)


def open_breaker(breaker: Breaker) -> None:
    assert breaker.admit()
    breaker.failed()


def test_closed_breaker_admits_everybody(breaker: Breaker) -> None:
    assert [breaker.admit() for _ in range(8)] == [True] * 8


def test_failure_opens_the_breaker(breaker: Breaker) -> None:
    open_breaker(breaker)

    assert not breaker.would_admit
    assert not breaker.admit()


def test_one_probe_passes_after_the_pause(breaker: Breaker, clock: HeldClock) -> None:
    open_breaker(breaker)

    clock.now += FIRST_PAUSE_S

    assert breaker.would_admit
    assert [breaker.admit() for _ in range(3)] == [True, False, False]
    assert not breaker.would_admit


def test_probe_that_succeeds_closes_the_breaker(
    breaker: Breaker, clock: HeldClock
) -> None:
    open_breaker(breaker)
    clock.now += FIRST_PAUSE_S
    breaker.admit()

    breaker.succeeded()

    assert [breaker.admit() for _ in range(3)] == [True] * 3


def test_pause_doubles_with_each_failed_probe_up_to_its_limit(
    breaker: Breaker, clock: HeldClock
) -> None:
    open_breaker(breaker)
    pauses = []

    for _ in range(6):
        began = clock.now
        while not breaker.admit():
            clock.now += 0.25
        pauses.append(clock.now - began)
        breaker.failed()

    assert pauses == [0.5, 1.0, 2.0, 4.0, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_calls_that_fail_together_count_as_one_failure(
    breaker: Breaker, clock: HeldClock
) -> None:
    for _ in range(8):
        breaker.admit()

    for _ in range(8):
        breaker.failed()

    clock.now += FIRST_PAUSE_S
    assert breaker.would_admit


def test_pause_begins_anew_after_a_success(breaker: Breaker, clock: HeldClock) -> None:
    open_breaker(breaker)
    clock.now += FIRST_PAUSE_S
    breaker.admit()
    breaker.failed()
    clock.now += 2 * FIRST_PAUSE_S
    breaker.admit()
    breaker.succeeded()

    open_breaker(breaker)
    clock.now += FIRST_PAUSE_S

    assert breaker.would_admit
