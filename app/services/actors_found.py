"""Loads the files in `actors/`: every kind of task that this installation has.

Called by the entry points, before anything else is opened: a file that cannot be
loaded stops the start, and all that is wrong is told at once.
"""

from __future__ import annotations

import importlib
import pkgutil
import traceback
from pathlib import Path
from typing import Any

from app.errors import ConfigError, DeclarationError, Problem
from app.work.declaring import DECLARED
from app.work.kinds import TaskKind
from app.work.registry import Registry

PACKAGE = "actors"
#: The worker's own: what its queue runs.
_NOT_TASKS = frozenset({"run"})


def load_actors(package: str = PACKAGE) -> Registry:
    """Import every file of the package; raise ConfigError with all that is wrong."""
    parent = importlib.import_module(package)
    kinds: list[TaskKind[..., Any]] = []
    problems: list[Problem] = []
    for found in pkgutil.iter_modules(parent.__path__):
        if found.name not in _NOT_TASKS:
            try:
                kinds += _kinds_in(f"{package}.{found.name}")
            except DeclarationError as error:
                problems.append(Problem(error.place, error.message))
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever its author did
                problems.append(_problem(package, found.name, error))
    try:
        registry = Registry(kinds)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    return registry


def _kinds_in(module: str) -> list[TaskKind[..., Any]]:
    found: list[TaskKind[..., Any]] = getattr(
        importlib.import_module(module), DECLARED, []
    )
    return found


def _problem(package: str, name: str, error: BaseException) -> Problem:
    file = f"{package.replace('.', '/')}/{name}.py"
    words = str(error).partition("\n")[0]
    line = _line_in(f"{name}.py", error)
    return Problem(
        f"{file}:{line}" if line else file,
        f"cannot be loaded: {type(error).__name__}: {words}",
    )


def _line_in(file: str, error: BaseException) -> int | None:
    """Return the last line of this file that led to the error."""
    if isinstance(error, SyntaxError):
        return error.lineno
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).name == file
    ]
    return lines[-1] if lines else None
