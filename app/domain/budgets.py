"""The owner's budget for messages: how much of it is spent, and what follows.

Pure. Above the soft share nobody is told twice for money: what an e-mail says as well
costs no SMS. Once a budget is spent, only what must be known goes on; the rest waits
for the next day or month, or is not sent where that comes too late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.domain.costs import Cost, write_cost
from app.domain.gate import Delay, Refusal
from app.domain.tasks import Status


class Period(StrEnum):
    """The spans that a budget is for."""

    DAY = "day"
    MONTH = "month"


class Stop(StrEnum):
    """What a budget says of messages that cost something, the mildest first."""

    NONE = "none"  # all may leave
    SOFT = "soft"  # the warning share is spent: an e-mail will do where there is one
    HARD = "hard"  # all is spent: only what must be known leaves


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What may be spent in a day and in a month; None: as much as it takes."""

    daily: Cost | None = None
    monthly: Cost | None = None
    #: The share of a limit at which the soft stop begins.
    soft: float = 0.8
    #: What one unit of other currencies is worth in the budget's own.
    exchange: Mapping[str, float] = field(default_factory=dict)

    def limits(self) -> dict[Period, Cost]:
        """Return the limits that there are."""
        both = {Period.DAY: self.daily, Period.MONTH: self.monthly}
        return {period: limit for period, limit in both.items() if limit is not None}

    def in_own(self, spent: Mapping[str, int]) -> int:
        """Add up what was spent in several currencies, in the budget's own."""
        worth = (micros * self.exchange.get(c, 1.0) for c, micros in spent.items())
        return round(sum(worth))


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a budget stands in a period: what it allows, and what was spent of it."""

    period: Period
    limit: Cost
    spent: Cost
    stop: Stop


def standings(
    budget: Budget, spent: Mapping[Period, Mapping[str, int]]
) -> list[Standing]:
    """Return how each limit stands, the strictest first."""
    found = []
    for period, limit in budget.limits().items():
        micros = budget.in_own(spent.get(period, {}))
        standing = Standing(
            period=period,
            limit=limit,
            spent=Cost(micros, limit.currency),
            stop=_stop(micros, limit=limit.micros, soft=budget.soft),
        )
        found.append(standing)
    strictness = list(Stop)
    return sorted(found, key=lambda s: strictness.index(s.stop), reverse=True)


def held_back(
    standing: Standing, *, ends_at: datetime, useful_until: datetime, by_mail: bool
) -> Refusal | Delay | None:
    """Say why a message that need not be known does not leave, or None if it may.

    `by_mail`: an e-mail tells the same. `ends_at`: when the period does.
    """
    limit = write_cost(standing.limit)
    if standing.stop is Stop.HARD:
        reason = f"The {standing.period}'s budget of {limit} is spent"
        if ends_at < useful_until:
            return Delay(until=ends_at, reason=f"{reason}: it waits for the next one.")
        return Refusal(status=Status.SUPPRESSED, reason=f"{reason}.")
    if standing.stop is Stop.SOFT and by_mail:
        reason = f"The {standing.period}'s budget of {limit} is nearly spent"
        return Refusal(
            status=Status.SUPPRESSED, reason=f"{reason}, and an e-mail says the same."
        )
    return None


def keys_of(now: datetime, *, zone: ZoneInfo) -> dict[Period, str]:
    """Return the names of a moment's day and month: 2026-11-27, 2026-11."""
    day = now.astimezone(zone).date().isoformat()
    return {Period.DAY: day, Period.MONTH: day[:7]}


def end_of(period: Period, now: datetime, *, zone: ZoneInfo) -> datetime:
    """Return when the period ends that a moment is in: at midnight, business's time."""
    today = now.astimezone(zone).date()
    if period is Period.DAY:
        following = today + timedelta(days=1)
    else:
        following = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    midnight = datetime(following.year, following.month, following.day, tzinfo=zone)
    return midnight.astimezone(now.tzinfo)


def _stop(spent: int, *, limit: int, soft: float) -> Stop:
    if spent >= limit:
        return Stop.HARD
    return Stop.SOFT if spent >= limit * soft else Stop.NONE
