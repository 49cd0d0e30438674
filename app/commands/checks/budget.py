"""How the budget for messages stands, where the owner has set one."""

from __future__ import annotations

from collections.abc import Iterator

from app.clock import utc_now
from app.commands.checks.findings import Box, Finding, info, ok, warning
from app.domain.budgets import Standing, Stop
from app.domain.costs import write_cost
from app.services.budgets import standings

_HELD_BACK = {
    Stop.SOFT: "Who gets an e-mail that says the same gets no SMS or WhatsApp.",
    Stop.HARD: "Reminders and free messages that cost something wait, or are not sent.",
}


def budget(box: Box) -> Iterator[Finding]:
    """Tell of a limit that holds messages back."""
    if box.runtime is None:
        return
    if not box.runtime.policy.budget.limits():
        yield info(
            "No budget is set for messages.",
            "They may cost as much as it takes (docs/money.md).",
        )
        return
    with box.runtime.database.read() as tx:
        found = standings(tx, box.runtime, now=utc_now())
    for standing in found:
        yield _finding(standing)


def _finding(standing: Standing) -> Finding:
    spent, limit = write_cost(standing.spent), write_cost(standing.limit)
    told = f"{spent} of the {standing.period}'s budget of {limit} is spent."
    if standing.stop is Stop.NONE:
        return ok(told)
    return warning(
        told,
        _HELD_BACK[standing.stop],
        "Look at `python3 bellhop.py costs --by kind`; raise the limit in bellhop.toml "
        "if that is what you want.",
    )
