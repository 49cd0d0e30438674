"""What a budget says: how it stands, what is held back, until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.budgets import (
    Budget,
    Period,
    Standing,
    Stop,
    end_of,
    held_back,
    keys_of,
    standings,
)
from app.domain.costs import Cost
from app.domain.gate import Delay, Refusal
from app.domain.tasks import Status

EUR20, EUR300 = Cost(20_000_000, "EUR"), Cost(300_000_000, "EUR")
BUDGET = Budget(daily=EUR20, monthly=EUR300, soft=0.8, exchange={"USD": 0.5})
MADRID = ZoneInfo("Europe/Madrid")
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def stops(day: int = 0, month: int = 0, *, dollars: int = 0) -> dict[Period, Stop]:
    spent = {Period.DAY: {"EUR": day, "USD": dollars}, Period.MONTH: {"EUR": month}}
    return {s.period: s.stop for s in standings(BUDGET, spent)}


@pytest.mark.parametrize(
    ("spent", "stop"),
    [
        (0, Stop.NONE),
        (15_999_999, Stop.NONE),
        (16_000_000, Stop.SOFT),
        (19_999_999, Stop.SOFT),
        (20_000_000, Stop.HARD),
        (90_000_000, Stop.HARD),
    ],
)
def test_a_limit_stops_softly_at_its_share_and_hard_at_its_end(
    spent: int, stop: Stop
) -> None:
    assert stops(day=spent)[Period.DAY] is stop


def test_what_is_billed_in_another_currency_is_exchanged() -> None:
    # 10 euros and 20 dollars at 0.50
    assert stops(day=10_000_000, dollars=20_000_000)[Period.DAY] is Stop.HARD
    assert stops(day=10_000_000, dollars=19_999_990)[Period.DAY] is Stop.SOFT


def test_the_strictest_limit_comes_first() -> None:
    spent = {Period.DAY: {"EUR": 0}, Period.MONTH: {"EUR": 300_000_000}}

    first, second = standings(BUDGET, spent)

    assert (first.period, first.stop) == (Period.MONTH, Stop.HARD)
    assert (second.period, second.stop) == (Period.DAY, Stop.NONE)


def answer(
    stop: Stop, *, by_mail: bool = False, useful_for: timedelta = timedelta(days=2)
) -> Refusal | Delay | None:
    standing = Standing(period=Period.DAY, limit=EUR20, spent=EUR20, stop=stop)
    return held_back(
        standing,
        ends_at=NOON + timedelta(hours=11),
        useful_until=NOON + useful_for,
        by_mail=by_mail,
    )


def test_within_the_budget_everything_leaves() -> None:
    assert answer(Stop.NONE, by_mail=True) is None


def test_at_the_soft_stop_an_e_mail_does_and_nobody_is_left_without_word() -> None:
    assert answer(Stop.SOFT) is None
    assert answer(Stop.SOFT, by_mail=True) == Refusal(
        status=Status.SUPPRESSED,
        reason="The day's budget of 20 EUR is nearly spent, "
        "and an e-mail says the same.",
    )


def test_at_the_hard_stop_what_is_useful_tomorrow_waits_for_it() -> None:
    assert answer(Stop.HARD) == Delay(
        until=NOON + timedelta(hours=11),
        reason="The day's budget of 20 EUR is spent: it waits for the next one.",
    )


def test_at_the_hard_stop_what_would_come_too_late_is_not_sent() -> None:
    assert answer(Stop.HARD, useful_for=timedelta(hours=11)) == Refusal(
        status=Status.SUPPRESSED, reason="The day's budget of 20 EUR is spent."
    )


@pytest.mark.parametrize(
    ("now", "day", "ends"),
    [
        # an hour before midnight in Madrid, and just after it
        ("2026-11-30T22:00Z", "2026-11-30", "2026-11-30T23:00Z"),
        ("2026-11-30T23:00Z", "2026-12-01", "2026-12-01T23:00Z"),
        # the nights on which clocks change
        ("2026-03-28T23:30Z", "2026-03-29", "2026-03-29T22:00Z"),
        ("2026-10-24T22:30Z", "2026-10-25", "2026-10-25T23:00Z"),
    ],
)
def test_a_day_is_the_business_s_own(now: str, day: str, ends: str) -> None:
    moment = datetime.fromisoformat(now)

    assert keys_of(moment, zone=MADRID) == {Period.DAY: day, Period.MONTH: day[:7]}
    assert end_of(Period.DAY, moment, zone=MADRID) == datetime.fromisoformat(ends)


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-11-30T22:00Z", "2026-11-30T23:00Z"),
        ("2026-12-31T22:59Z", "2026-12-31T23:00Z"),
        ("2027-01-31T12:00Z", "2027-01-31T23:00Z"),
        ("2028-02-01T12:00Z", "2028-02-29T23:00Z"),
    ],
)
def test_a_month_ends_at_the_business_s_midnight(now: str, ends: str) -> None:
    moment = datetime.fromisoformat(now)

    assert end_of(Period.MONTH, moment, zone=MADRID) == datetime.fromisoformat(ends)
