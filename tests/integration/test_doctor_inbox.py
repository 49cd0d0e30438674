"""What `doctor` says of customers who wait, and how long what they wrote is kept."""

from __future__ import annotations

from app.commands.checks import inbox
from app.commands.checks.findings import Box, Finding, Level
from app.services.cleanup import clean_up
from app.storage import tables
from tests.engine import Engine
from tests.house import rows
from tests.replying import write


def look(engine: Engine) -> Finding:
    runtime = engine.runtime
    (found,) = inbox.inbox(Box(settings=runtime.settings, runtime=runtime))
    return found


def test_who_has_waited_for_a_day_is_told_of(engine: Engine) -> None:
    write(engine.runtime, "help")
    write(engine.runtime, "Is anybody there?")
    at_once = look(engine)

    engine.clock.advance(days=1, seconds=1)

    assert at_once.level is Level.OK
    assert look(engine).level is Level.WARNING
    assert look(engine).finding.startswith("1 message of customers has")


def test_what_waits_for_nobody_is_forgotten_after_its_time(engine: Engine) -> None:
    write(engine.runtime, "help")
    waiting = write(engine.runtime, "Is anybody there?")
    engine.clock.advance(days=90)
    clean_up(engine.runtime)
    assert len(rows(engine.runtime, tables.inbox)) == 2

    engine.clock.advance(seconds=1)
    clean_up(engine.runtime)

    assert [row["id"] for row in rows(engine.runtime, tables.inbox)] == [waiting["id"]]
