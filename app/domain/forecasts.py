"""Where the costs of a month will end: what is spent, and what the rest will bring.

Pure. What is planned already is mostly a part of what a usual day brings, so the larger
of the two counts, and never both.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.costs import Cost


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """A month's costs in one currency, as they look today."""

    spent: Cost
    #: What waits and is to leave within the month.
    planned: Cost
    #: What a day has cost lately.
    per_day: Cost
    total: Cost


def forecast(
    currency: str,
    *,
    spent: int,
    planned: int,
    lately: int,
    lately_days: int,
    days_left: int,
) -> Forecast:
    """Say where the month will end; amounts in millionths, `days_left` after today."""
    per_day = lately // lately_days
    to_come = max(planned, per_day * days_left)
    amounts = (spent, planned, per_day, spent + to_come)
    costs = [Cost(micros, currency) for micros in amounts]
    return Forecast(spent=costs[0], planned=costs[1], per_day=costs[2], total=costs[3])
