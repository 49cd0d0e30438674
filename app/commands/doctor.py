"""`doctor`: looks at every part of the box, and says what a person should do.

Each check is one small function; a new one is a line in CHECKS. Changes nothing.
"""

from __future__ import annotations

import argparse
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

from sqlalchemy.exc import SQLAlchemyError

from app import config
from app.broker import SilentDoorbell
from app.commands.checks import (
    bounces,
    budget,
    database,
    gates,
    inbox,
    place,
    providers,
    running,
    settings,
)
from app.commands.checks.findings import Box, Check, Finding, Level, broken
from app.commands.printing import add_json, counted, say, say_json
from app.config import Settings
from app.errors import BellhopError, ConfigError
from app.runtime import Runtime, open_runtime

#: Every check, in the order in which an owner would want to read of it.
CHECKS: Mapping[str, Check] = {
    "python": place.python,
    "settings": settings.settings,
    "business": settings.business,
    "policy": settings.policy,
    "channels": settings.channels,
    "webhooks": providers.webhooks,
    "templates": providers.templates,
    "bounces": bounces.bounces,
    "staff": settings.staff,
    "public_url": settings.public_url,
    "data_dir": place.data_dir,
    "disk": place.disk,
}
#: Checks of what the first start has made; pointless before it.
CHECKS_ONCE_STARTED: Mapping[str, Check] = {
    "secrets": place.secrets,
    "database": database.database,
    "sqlite": database.sqlite,
    "postgresql": database.postgresql,
    "clock": database.clock,
    "queue": running.queue,
    "api": running.api,
    "workers": running.workers,
    "scheduler": running.scheduler,
    "waiting": database.waiting,
    "gates": gates.gates,
    "inbox": inbox.inbox,
    "budget": budget.budget,
}
#: What a check may stumble over; ImportError: a database's driver is not installed.
TROUBLES = (BellhopError, SQLAlchemyError, OSError, ImportError)
#: Columns of a line, and of the level's name before it.
WIDTH, MARGIN = 88, 9
_COMMAND = re.compile(r"`[^`]+`")
#: A no-break space, at which lines are not wrapped.
_GLUE = "\u00a0"

Named = tuple[str, Finding]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's flags."""
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Examine the box; 0 where nothing is broken, warnings or not."""
    found = list(_examine())
    is_well = not any(f.level is Level.BROKEN for _, f in found)
    if arguments.json:
        say_json({"ok": is_well, "findings": [_answer(*named) for named in found]})
    else:
        say("\n".join(_in_words(finding) for _, finding in found))
        say(f"\n{_summary([finding for _, finding in found])}")
    return 0 if is_well else 1


def _examine() -> Iterator[Named]:
    try:
        chosen = config.load()
    except ConfigError as error:
        yield from (("settings", finding) for finding in settings.problems(error))
        return
    with ExitStack() as stack:
        runtime, trouble = _opened(chosen, stack)
        box = Box(settings=chosen, runtime=runtime)
        found = list(_all_checks(box))
        yield from found
        if trouble and not any(f.level is Level.BROKEN for _, f in found):
            yield "start", broken(trouble, "Bellhop does not start.")


def _opened(chosen: Settings, stack: ExitStack) -> tuple[Runtime | None, str]:
    """Return the runtime, or why there is none."""
    if not chosen.data_dir.exists() or not database.is_there(chosen):
        return None, ""  # one of the checks says so
    try:
        opened = open_runtime(chosen, doorbell=SilentDoorbell())
    except TROUBLES as error:
        return None, str(error)
    return stack.enter_context(opened), ""


def _all_checks(box: Box) -> Iterator[Named]:
    checks = dict(CHECKS)
    if box.settings.data_dir.exists():
        checks |= CHECKS_ONCE_STARTED
    for name, check in checks.items():
        try:
            yield from ((name, finding) for finding in check(box))
        except TROUBLES as error:
            yield name, broken(str(error), "This could not be looked at.")


def _in_words(finding: Finding) -> str:
    is_loud = finding.level in (Level.WARNING, Level.BROKEN)
    level = finding.level.upper() if is_loud else str(finding.level)
    advice = f"-> {finding.advice}" if finding.advice else ""
    parts = [part for part in (finding.finding, finding.consequence, advice) if part]
    lines = [line for part in parts for line in _wrapped(part)]
    margin = " " * MARGIN
    return f"{level:{MARGIN}}" + f"\n{margin}".join(lines)


def _wrapped(text: str) -> list[str]:
    # Names, paths and commands stay whole, so that they can be copied.
    glued = _COMMAND.sub(lambda found: found[0].replace(" ", _GLUE), text)
    lines = textwrap.wrap(
        glued, WIDTH - MARGIN, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace(_GLUE, " ") for line in lines]


def _summary(findings: list[Finding]) -> str:
    count = Counter(finding.level for finding in findings)
    warnings = counted(count[Level.WARNING], "warning")
    if not count[Level.BROKEN]:
        also = f"There {'is' if count[Level.WARNING] == 1 else 'are'} {warnings}."
        return "Nothing is broken. " + (
            also if count[Level.WARNING] else "All is well."
        )
    number = count[Level.BROKEN]
    things = "1 thing is" if number == 1 else f"{number} things are"
    also = f", and there is {warnings}" if count[Level.WARNING] == 1 else ""
    also = f", and there are {warnings}" if count[Level.WARNING] > 1 else also
    return f"{things} broken{also}. Begin with the first."


def _answer(name: str, finding: Finding) -> dict[str, str]:
    return {
        "check": name,
        "level": finding.level,
        "finding": finding.finding,
        "consequence": finding.consequence,
        "advice": finding.advice,
    }
