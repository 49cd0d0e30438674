"""The decorator `task`: makes a kind of task of a function, and says what will not do.

Everything that can be checked is checked here, so that a mistake stops the start, with
file and line, and not the first task at night.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, overload

from app.domain.durations import parse_duration
from app.domain.events import FACTS, check_pattern, is_meant
from app.domain.kinds import Kind
from app.domain.schedule import Cron, Timing, parse_timing
from app.errors import DeclarationError
from app.work.arguments import Arguments
from app.work.kinds import PRIORITIES, TaskKind

P = ParamSpec("P")
R = TypeVar("R")

#: Where a module's own kinds stand, for whoever loads it.
DECLARED = "__bellhop_tasks__"
_QUEUE_NAME = re.compile(r"^[a-z][a-z0-9_-]{0,30}$")
_Errors = tuple[type[BaseException], ...] | type[BaseException]


@overload
def task(function: Callable[P, R], /) -> TaskKind[P, R]: ...


@overload
def task(
    *,
    name: str | None = None,
    queue: str = "default",
    priority: int | None = None,
    retry_delays: Sequence[str | timedelta] | None = None,
    retry_on: _Errors = (),
    fatal: _Errors = (),
    soft_time_limit: str | timedelta | None = None,
    time_limit: str | timedelta | None = None,
    idempotent: bool = True,
    on: str | Sequence[str] = (),
    every: str | timedelta | None = None,
    cron: str | None = None,
) -> Callable[[Callable[P, R]], TaskKind[P, R]]: ...


def task(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    queue: str = "default",
    priority: int | None = None,
    retry_delays: Sequence[str | timedelta] | None = None,
    retry_on: _Errors = (),
    fatal: _Errors = (),
    soft_time_limit: str | timedelta | None = None,
    time_limit: str | timedelta | None = None,
    idempotent: bool = True,
    on: str | Sequence[str] = (),
    every: str | timedelta | None = None,
    cron: str | None = None,
) -> Any:
    """Make a kind of task of a function; raise DeclarationError where that cannot be.

    What is not given is as the queue's policy says. `docs/tasks.md` explains each.
    """

    def declare(function: Callable[..., Any]) -> TaskKind[..., Any]:
        place = _place(function)
        try:
            kind = TaskKind(
                name=_name(name or function.__name__),
                function=_plain(function),
                place=place,
                summary=(inspect.getdoc(function) or "").partition("\n")[0],
                arguments=Arguments(function),
                queue=_queue(queue),
                priority=_priority(priority),
                retry_delays=_delays(retry_delays),
                retry_on=_errors(retry_on),
                fatal=_errors(fatal),
                soft_time_limit=_limit(soft_time_limit),
                time_limit=_limit(time_limit),
                idempotent=_truth(idempotent=idempotent),
                events=_events(on),
                timing=_timing(every, cron),
            )
            _check_whole(kind)
        except (ValueError, TypeError) as error:
            raise DeclarationError(place, str(error)) from None
        vars(sys.modules[function.__module__]).setdefault(DECLARED, []).append(kind)
        return kind

    return declare if function is None else declare(function)


def _place(function: Callable[..., Any]) -> str:
    code = inspect.unwrap(function).__code__
    file = Path(code.co_filename)
    return f"{file.parent.name}/{file.name}:{code.co_firstlineno}"


def _plain(function: Callable[P, R]) -> Callable[P, R]:
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise ValueError("write a plain function: `def`, without `async` and `yield`")
    return function


def _name(name: str) -> str:
    if not name.isascii() or not name.replace(".", "_").isidentifier():
        raise ValueError(f"{name!r} is no name for a task: use letters, digits and _")
    if name in list(Kind):
        raise ValueError(f"{name!r} is the name of a kind of message; choose another")
    return name


def _queue(queue: str) -> str:
    # Whether there is such a queue is known when the policy is read.
    if not _QUEUE_NAME.match(queue):
        raise ValueError(f"{queue!r} is no name for a queue")
    return queue


def _priority(priority: int | None) -> int | None:
    if priority is not None and priority not in PRIORITIES:
        raise ValueError(f"its priority must be from 0 to 100, not {priority!r}")
    return priority


def _delays(
    delays: Sequence[str | timedelta] | None,
) -> tuple[timedelta, ...] | None:
    if isinstance(delays, str):
        raise TypeError('its retry_delays are several: write ("10s", "1m")')
    return None if delays is None else tuple(map(parse_duration, delays))


def _errors(errors: _Errors) -> tuple[type[BaseException], ...]:
    found = (errors,) if isinstance(errors, type) else tuple(errors)
    for error in found:
        if not (isinstance(error, type) and issubclass(error, BaseException)):
            raise TypeError(f"{error!r} is not a class of errors")
    return found


def _limit(limit: str | timedelta | None) -> timedelta | None:
    if limit is None:
        return None
    if (found := parse_duration(limit)) <= timedelta(0):
        raise ValueError("a time limit must be longer than 0; write 90s, 5m or 2h")
    return found


def _truth(*, idempotent: bool) -> bool:
    # Whoever writes "no" means the opposite of what Python takes it for.
    if not isinstance(idempotent, bool):
        raise TypeError(f"`idempotent` is True or False, not {idempotent!r}")
    return idempotent


def _events(patterns: str | Sequence[str]) -> tuple[str, ...]:
    found = (patterns,) if isinstance(patterns, str) else tuple(patterns)
    return tuple(map(check_pattern, found))


def _timing(every: str | timedelta | None, cron: str | None) -> Timing | None:
    if every is not None and cron is not None:
        raise ValueError("give `every` or `cron`, not both")
    if cron is not None:
        return Cron.parse(cron)
    return None if every is None else parse_timing(parse_duration(every))


def _check_whole(kind: TaskKind[..., Any]) -> None:
    """Raise ValueError where two things that are right alone do not fit together."""
    soft, hard = kind.soft_time_limit, kind.time_limit
    if soft is not None and hard is not None and soft >= hard:
        raise ValueError("its soft_time_limit must be shorter than its time_limit")
    required = kind.arguments.required
    if kind.timing is not None and required:
        raise ValueError(
            f"nobody gives `{min(required)}` to a task on a schedule: give it a default"
        )
    for event, facts in FACTS.items():
        unknown = required - facts
        if unknown and any(is_meant(event, pattern=p) for p in kind.events):
            raise ValueError(
                f"{event} does not tell `{min(unknown)}`: give it a default, or take "
                f"some of {', '.join(sorted(facts))}"
            )
