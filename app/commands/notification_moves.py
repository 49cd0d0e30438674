"""`notifications retry` and `cancel`: one by its id, or all that a filter chooses.

Many are first counted and shown; they are moved only with `--yes`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import sqlalchemy as sa

from app.clock import utc_now
from app.commands import notification_filter
from app.commands.printing import counted, say, say_json, show_progress, table
from app.domain.tasks import CANCELLABLE, Status
from app.errors import BellhopError
from app.runtime import Runtime
from app.services import dispatch, notifications
from app.services.notifications import BULK_LIMIT, RETRYABLE, BulkResult, Skipped
from app.storage import messages
from app.storage.messages import Filter
from app.web.schemas.notifications import bulk_answer, notification_answer

#: Messages that were left alone are named up to this number.
NAMED = 20


@dataclass(frozen=True, kw_only=True)
class Move:
    """What a person may do to messages, and how it is said."""

    one: Callable[..., sa.RowMapping]
    many: Callable[..., BulkResult]
    #: The states from which it can be done.
    among: frozenset[Status]
    help: str
    can_be: str
    done: str


MOVES = {
    "retry": Move(
        one=notifications.retry,
        many=notifications.retry_all,
        among=RETRYABLE,
        help="try failed or dead ones again",
        can_be="can be tried again",
        done="will be tried again now",
    ),
    "cancel": Move(
        one=notifications.cancel,
        many=notifications.cancel_all,
        among=CANCELLABLE,
        help="call off what has not left",
        can_be="can be called off",
        done="called off",
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe how messages are chosen."""
    parser.add_argument("id", metavar="ID", nargs="?", help="one; or give filters")
    notification_filter.add_arguments(parser)
    parser.add_argument(
        "--yes", action="store_true", help="do it to all that the filters choose"
    )


def run(runtime: Runtime, move: Move, arguments: argparse.Namespace) -> int:
    """Move one message or many; 1 where nothing was done for want of `--yes`."""
    chosen = notification_filter.read(arguments)
    if (arguments.id is None) == (chosen == Filter()):
        raise BellhopError("Say which: an ID, or filters such as --status failed.")
    if arguments.id is not None:
        return _move_one(runtime, move, arguments)
    with runtime.database.read() as tx:
        counts = messages.count_by_status(tx, chosen)
    if not arguments.yes:
        return _preview(move, counts, arguments)
    result = _move_all(runtime, move, chosen, counts)
    if arguments.json:
        say_json(bulk_answer(result))
    else:
        say(_told(move, result))
    return 0


def _move_one(runtime: Runtime, move: Move, arguments: argparse.Namespace) -> int:
    row = dispatch.perform(
        runtime, lambda tx: move.one(tx, arguments.id, now=utc_now())
    )
    if arguments.json:
        say_json(notification_answer(row))
    else:
        say(f"1 notification {move.done}.")
    return 0


def _preview(
    move: Move, counts: Mapping[str, int], arguments: argparse.Namespace
) -> int:
    movable = _movable(move, counts)
    matched, number = sum(counts.values()), sum(movable.values())
    if arguments.json:
        say_json({"matched": matched, "movable": number, "done": 0})
    elif number:
        found = ", ".join(f"{n} {status}" for status, n in sorted(movable.items()))
        say(
            f"{counted(matched, 'notification')} found, of which {number} "
            f"{move.can_be} ({found}).\n"
            "Nothing has been done yet: add --yes to do it."
        )
    else:
        say(
            f"{counted(matched, 'notification')} found, of which none {move.can_be}: "
            f"none is {' or '.join(sorted(move.among))}."
        )
    return 1 if number else 0


def _move_all(
    runtime: Runtime, move: Move, chosen: Filter, counts: Mapping[str, int]
) -> BulkResult:
    done, skipped = 0, list[Skipped]()
    for status, number in _movable(move, counts).items():
        show_progress(f"{counted(number, f'{status} notification')} …")
        one_kind = replace(chosen, status=status)
        for _ in range(0, number, BULK_LIMIT):
            result = _move_some(runtime, move, one_kind)
            done += result.done
            skipped += result.skipped
    return BulkResult(matched=sum(counts.values()), done=done, skipped=skipped)


def _move_some(runtime: Runtime, move: Move, chosen: Filter) -> BulkResult:
    return dispatch.perform(runtime, lambda tx: move.many(tx, chosen, now=utc_now()))


def _movable(move: Move, counts: Mapping[str, int]) -> dict[str, int]:
    return {status: n for status, n in counts.items() if status in move.among}


def _told(move: Move, result: BulkResult) -> str:
    told = f"{counted(result.done, 'notification')} {move.done}."
    if not result.skipped:
        return told
    rows = [(s.id, s.reason) for s in result.skipped[:NAMED]]
    count = len(result.skipped)
    return f"{told}\n{count} left alone:\n{table(('ID', 'WHY'), rows)}"
