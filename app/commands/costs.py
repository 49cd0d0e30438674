"""`costs`: what messages have cost, how the budget stands, where the month will end."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date

from app import config
from app.broker import SilentDoorbell
from app.clock import utc_now
from app.commands.printing import add_json, say, say_json, table
from app.domain.costs import write_cost
from app.domain.price_list import AS_OF
from app.runtime import open_runtime
from app.services.cost_reports import Report, report
from app.storage.costs import COLUMNS, Sum
from app.web.schemas.costs import costs_answer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    first = "for example 2026-11-01 (default: the first of this month)"
    last = "the last day, included (default: today)"
    parser.add_argument("--from", dest="first", type=_day, metavar="DAY", help=first)
    parser.add_argument("--to", dest="last", type=_day, metavar="DAY", help=last)
    parser.add_argument("--by", choices=list(COLUMNS), default="day")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the costs."""
    with (
        open_runtime(config.load(), doorbell=SilentDoorbell()) as runtime,
        runtime.database.read() as tx,
    ):
        found = report(
            tx,
            runtime,
            by=arguments.by,
            first=arguments.first,
            last=arguments.last,
            now=utc_now(),
        )
    if arguments.json:
        say_json(costs_answer(found))
    else:
        _tell(found, by=arguments.by)
    return 0


def _tell(found: Report, *, by: str) -> None:
    say(f"Costs from {found.first} to {found.last}\n")
    rows = [*found.rows, *found.totals]
    if rows:
        headings = (by.upper(), "MESSAGES", "SEGMENTS", "COST")
        say(table(headings, _cells(rows)))
    else:
        say("Nothing has cost anything.")
    for standing in found.standings:
        say(
            f"\nBudget of the {standing.period}: {write_cost(standing.spent)} of "
            f"{write_cost(standing.limit)} spent (stop: {standing.stop})."
        )
    for month in found.forecasts:
        say(
            f"\nThis month will cost about {write_cost(month.total)}: "
            f"{write_cost(month.spent)} spent, {write_cost(month.planned)} planned, "
            f"lately {write_cost(month.per_day)} a day."
        )
    say(f"\nBy the price list of {AS_OF} and bellhop.toml: check your contract.")


def _cells(rows: Sequence[Sum]) -> list[tuple[object, ...]]:
    return [(r.key, r.messages, r.segments, write_cost(r.cost)) for r in rows]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no day: write 2026-11-01"
        ) from None
