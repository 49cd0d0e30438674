"""How the benchmark reckons: quantiles, rates and promises."""

from __future__ import annotations

import pytest

from bench.figures import Figure, drain_rate, latencies, quantile, table


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50), (0.99, 99), (0.999, 100), (1.0, 100)]
)
def test_a_quantile_is_the_value_of_that_rank(share: float, expected: float) -> None:
    values = list(range(100, 0, -1))

    assert quantile(values, share) == expected


def test_the_first_tenth_does_not_count_in_a_drain_rate() -> None:
    starting = [0.0, 5.0]  # one message every five seconds
    at_speed = [10.0 + n / 100 for n in range(18)]

    assert drain_rate([*starting, *at_speed]) == pytest.approx(100)


def test_a_drain_rate_does_not_depend_on_the_order_of_the_ledger() -> None:
    moments = [n / 50 for n in range(40)]

    assert drain_rate(moments[::-1]) == pytest.approx(50)


@pytest.mark.parametrize(
    ("limit", "floor"), [(None, None), (2.0, None), (3.0, None), (None, 2.0)]
)
def test_a_promise_is_kept_up_to_its_bound(
    limit: float | None, floor: float | None
) -> None:
    assert Figure(name="n", value=2.0, unit="ms", limit=limit, floor=floor).kept


@pytest.mark.parametrize(("limit", "floor"), [(1.9, None), (None, 2.1)])
def test_a_promise_is_missed_beyond_its_bound(
    limit: float | None, floor: float | None
) -> None:
    assert not Figure(name="n", value=2.0, unit="ms", limit=limit, floor=floor).kept


def test_an_aim_that_is_missed_breaks_no_promise() -> None:
    assert Figure(name="n", value=1.2, unit="", floor=1.0, aim=1.5).kept


def test_latencies_are_told_in_milliseconds() -> None:
    p50, p99, most = latencies("x", [0.001, 0.002, 0.009], p99_limit_ms=5)

    assert (p50.value, p99.value, most.value) == pytest.approx((2, 9, 9))
    assert (p50.kept, p99.kept, most.kept) == (True, False, True)


def test_the_table_says_what_was_promised_and_missed() -> None:
    printed = table(
        [
            Figure(name="slow", value=7.0, unit="ms", limit=5.0, note="noisy"),
            Figure(name="ratio", value=1.2, unit="", floor=1.0, aim=1.5),
        ]
    )

    assert "7.00 ms" in printed
    assert "(noisy; promised at most 5: MISSED)" in printed
    assert "(promised at least 1: kept; aim 1.5)" in printed
