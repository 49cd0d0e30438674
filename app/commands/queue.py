"""`queue pause|resume|purge|set`: what a person does to a queue while all runs.

The same deeds as the API's. A purge calls off for ever, and asks before it does.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app import config
from app.clock import utc_now
from app.commands.printing import (
    add_json,
    counted,
    say,
    say_json,
    second,
    show_progress,
)
from app.errors import BellhopError
from app.policy import parse_duration
from app.runtime import Runtime, open_runtime
from app.services import dispatch, queues
from app.services.purging import BATCH, purge
from app.services.queues import Queue
from app.web.schemas.notifications import bulk_answer
from app.web.schemas.queues import queue_answer

#: Who it was, as it is kept.
BY = "the command line"
#: A policy's value that is a list: `retry_delays=60s,120s`.
_LISTS = frozenset({"retry_delays"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's words."""
    deeds = parser.add_subparsers(metavar="DEED", required=True)
    pause = _add(deeds, "pause", _pause, "let nothing out; what waits stays as it is")
    pause.add_argument(
        "--for", dest="span", type=_span, metavar="2h", help="until resumed, otherwise"
    )
    _add(deeds, "resume", _resume, "let a paused queue go on")
    purging = _add(deeds, "purge", _purge, "call off for ever what waits")
    purging.add_argument("--yes", action="store_true", help="do not ask")
    for deed in (pause, purging):
        deed.add_argument("--reason", default="", help="why; it is shown to people")
    setting = deeds.add_parser(
        "set", help="set values of the policy until they are given back to the file"
    )
    setting.add_argument("name", metavar="NAME")
    setting.add_argument(
        "values",
        metavar="KEY=VALUE",
        nargs="+",
        help="as in bellhop.toml: rate_limit=20/m; rate_limit= gives it back",
    )
    setting.set_defaults(deed=_set)
    for deed in deeds.choices.values():
        add_json(deed)


def run(arguments: argparse.Namespace) -> int:
    """Do one of the four deeds."""
    with open_runtime(config.load()) as runtime:
        return int(arguments.deed(runtime, arguments))


def _add(
    deeds: Any, word: str, deed: Callable[..., int], tells: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = deeds.add_parser(word, help=tells)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("name", metavar="NAME", nargs="?", help="which queue")
    which.add_argument("--all", action="store_true", help="every queue")
    parser.set_defaults(deed=deed)
    return parser


def _pause(runtime: Runtime, arguments: argparse.Namespace) -> int:
    until = None if arguments.span is None else utc_now() + arguments.span

    def pause(tx: sa.Connection, name: str) -> None:
        reason = arguments.reason
        queues.pause(tx, runtime, name, until=until, by=BY, reason=reason)

    ends = "until it is resumed" if until is None else f"until {second(until)} UTC"
    return _change(
        runtime, arguments, pause, lambda queue: f"{queue.name} is paused {ends}."
    )


def _resume(runtime: Runtime, arguments: argparse.Namespace) -> int:
    return _change(
        runtime,
        arguments,
        lambda tx, name: queues.resume(tx, runtime, name, by=BY),
        lambda queue: f"{queue.name} goes on.",
    )


def _set(runtime: Runtime, arguments: argparse.Namespace) -> int:
    values = dict(map(_value, arguments.values))
    arguments.all = False
    return _change(
        runtime,
        arguments,
        lambda tx, name: queues.change(tx, runtime, name, values, by=BY),
        _overrides,
    )


def _change(
    runtime: Runtime,
    arguments: argparse.Namespace,
    change: Callable[[sa.Connection, str], None],
    told: Callable[[Queue], str],
) -> int:
    names = _names(runtime, arguments)

    def deed(tx: sa.Connection) -> list[Queue]:
        for name in names:
            change(tx, name)
        return [queues.one_queue(tx, runtime, name) for name in names]

    found = dispatch.perform(runtime, deed)
    if arguments.json:
        say_json({"data": [queue_answer(queue) for queue in found]})
    else:
        say("\n".join(told(queue) for queue in found))
    return 0


def _purge(runtime: Runtime, arguments: argparse.Namespace) -> int:
    names = _names(runtime, arguments)
    with runtime.database.read() as tx:
        for name in names:
            queues.check_name(tx, runtime, name)
    if not arguments.yes and not _is_sure(runtime, names):
        show_progress("Nothing has been done. With --yes it is done without asking.")
        return 1
    results = {
        name: purge(
            runtime, name, by=BY, reason=arguments.reason, progress=_progress(name)
        )
        for name in names
    }
    if arguments.json:
        rows = [{"queue": name, **bulk_answer(r)} for name, r in results.items()]
        say_json({"data": rows})
        return 0
    for name, result in results.items():
        left = len(result.skipped)
        also = f" {left} left alone: too late." if left else ""
        say(f"{name}: {counted(result.done, 'task')} called off.{also}")
    return 0


def _is_sure(runtime: Runtime, names: Sequence[str]) -> bool:
    found = [queue for queue in queues.all_queues(runtime) if queue.name in names]
    number = sum(q.depth + q.delayed + q.queued + q.failed for q in found)
    where = names[0] if len(names) == 1 else "all queues"
    show_progress(
        f"This calls off {counted(number, 'task')} in {where}, for ever. "
        "Write yes to do it:"
    )
    try:
        return input().strip().lower() in ("y", "yes")
    except EOFError:  # nobody is there to answer
        return False


def _progress(name: str) -> Callable[[int], None]:
    def tell(done: int) -> None:
        if done > BATCH:
            show_progress(f"{name}: {done} …")

    return tell


def _names(runtime: Runtime, arguments: argparse.Namespace) -> Sequence[str]:
    return list(runtime.policy.queues) if arguments.all else [arguments.name]


def _overrides(queue: Queue) -> str:
    if not queue.overrides:
        return f"{queue.name} is as the policy file has it."
    values = ", ".join(f"{key} = {_shown(v)}" for key, v in queue.overrides.items())
    return f"{queue.name}: {values}, instead of what the policy file says."


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _value(text: str) -> tuple[str, object]:
    """Read `KEY=VALUE` as the policy file would; without a value it is None."""
    key, sign, value = text.partition("=")
    if not sign:
        raise BellhopError(f"{text!r} is not of the form KEY=VALUE.")
    if not value:
        return key, None
    if key in _LISTS:
        return key, value.split(",")
    for read in (int, float):
        try:
            return key, read(value)
        except ValueError:
            continue
    return key, value


def _span(text: str) -> timedelta:
    try:
        span = parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not span:
        raise argparse.ArgumentTypeError("must be longer than 0; example: 2h")
    return span
