"""What `doctor` says of the budget for messages."""

from __future__ import annotations

from pathlib import Path

from app.commands.checks.budget import budget
from app.commands.checks.findings import Box, Finding, Level
from tests.engine import Engine
from tests.spending import open_priced, spend


def look(engine: Engine) -> list[Finding]:
    runtime = engine.runtime
    return list(budget(Box(settings=runtime.settings, runtime=runtime)))


def test_a_limit_that_holds_messages_back_is_told_of(tmp_path: Path) -> None:
    with open_priced(tmp_path) as engine:
        within = look(engine)
        spend(engine, 8)
        near = look(engine)
        spend(engine, 2)
        spent = look(engine)

    assert [found.level for found in within] == [Level.OK, Level.OK]
    assert near[0].level is Level.WARNING
    assert "an e-mail that says the same" in near[0].consequence
    assert spent[0].finding == "1 EUR of the day's budget of 1 EUR is spent."
    assert "wait, or are not sent" in spent[0].consequence


def test_no_budget_is_good_to_know(engine: Engine) -> None:
    (found,) = look(engine)

    assert found.level is Level.INFO
