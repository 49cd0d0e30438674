"""What messages have cost, as it is asked for and answered."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, Field

from app.domain.budgets import Standing
from app.domain.costs import Cost
from app.domain.forecasts import Forecast
from app.services.cost_reports import Report
from app.storage.costs import Sum
from app.web.schemas.fields import QueryModel


class By(StrEnum):
    """What costs are added up by."""

    DAY = "day"
    CHANNEL = "channel"
    KIND = "kind"
    PROVIDER = "provider"


class CostsQuery(QueryModel):
    """From which day to which, both included (this month so far), and added up how."""

    from_: Annotated[date | None, Field(alias="from")] = None
    to: date | None = None
    by: By = By.DAY


class CostAnswer(BaseModel):
    """An amount: exact in millionths of the currency's main unit, and rounded."""

    amount: int
    currency: str
    micros: int


class SumAnswer(BaseModel):
    """So many messages and segments, and what they cost."""

    key: str
    messages: int
    segments: int
    cost: CostAnswer


class StandingAnswer(BaseModel):
    """How a limit of the budget stands: `stop` is `none`, `soft` or `hard`."""

    period: str
    limit: CostAnswer
    spent: CostAnswer
    stop: str


class ForecastAnswer(BaseModel):
    """Where the month will end, in one currency."""

    spent: CostAnswer
    planned: CostAnswer
    per_day: CostAnswer
    total: CostAnswer


class CostsAnswer(BaseModel):
    """Costs from one day to another; a currency each has sums of its own."""

    from_: Annotated[date, Field(alias="from")]
    to: date
    data: list[SumAnswer]
    totals: list[SumAnswer]
    budget: list[StandingAnswer]
    forecast: list[ForecastAnswer]


def costs_answer(report: Report) -> dict[str, Any]:
    """Write a report of costs."""
    return {
        "from": report.first.isoformat(),
        "to": report.last.isoformat(),
        "data": [_sum_answer(row) for row in report.rows],
        "totals": [_sum_answer(row) for row in report.totals],
        "budget": [_standing_answer(standing) for standing in report.standings],
        "forecast": [_forecast_answer(found) for found in report.forecasts],
    }


def cost_answer(cost: Cost) -> dict[str, Any]:
    """Write an amount."""
    return {
        "amount": cost.rounded.amount,
        "currency": cost.currency,
        "micros": cost.micros,
    }


def _sum_answer(row: Sum) -> dict[str, Any]:
    return {
        "key": row.key,
        "messages": row.messages,
        "segments": row.segments,
        "cost": cost_answer(row.cost),
    }


def _standing_answer(standing: Standing) -> dict[str, Any]:
    return {
        "period": standing.period,
        "limit": cost_answer(standing.limit),
        "spent": cost_answer(standing.spent),
        "stop": standing.stop,
    }


def _forecast_answer(found: Forecast) -> dict[str, Any]:
    return {
        "spent": cost_answer(found.spent),
        "planned": cost_answer(found.planned),
        "per_day": cost_answer(found.per_day),
        "total": cost_answer(found.total),
    }
