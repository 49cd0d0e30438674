"""Runs one of the owner's own tasks, and says what came of it.

Called by delivery in place of a provider: `prepare` before the claim, `run` with no
transaction open, `finish` in the transaction that records the outcome. What its author
did not foresee is an outcome like any other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from pydantic_core import from_json

from app.domain.durations import LONGEST_DURATION, parse_duration
from app.domain.gate import Refusal
from app.domain.outcomes import Outcome, Result
from app.domain.tasks import FINISHED, Status
from app.errors import (
    Fatal,
    InvalidError,
    Retry,
    SoftTimeLimit,
    StorageUnavailableError,
    TimeLimit,
)
from app.logs import fields
from app.runtime import Runtime
from app.services.desk import RowDesk
from app.services.following import settle
from app.storage import own_tasks
from app.work.arguments import as_json
from app.work.desk import connected
from app.work.registry import AnyKind
from app.work.under_way import CurrentTask, Progress, printable, task_under_way

log = logging.getLogger(__name__)

#: Characters of an error's words that are shown to people.
LONGEST_REASON = 200
#: What a task reports is written down at most so often: each is a transaction.
REPORT_EVERY_S = 1.0
#: A task during which the worker died so often is not run again by itself.
MOST_CRASHES = 3
TOOK_TOO_LONG = "It ran longer than its time limit."
#: Said, after what happened, of one that is not run again by itself.
HELD = "Look what it did before you retry it."


class AfterCrash(StrEnum):
    """What is done with a task during which the worker died."""

    RUN_AGAIN = "run_again"
    HOLD = "hold"  # a person decides


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A task that can run: its kind, and the arguments as its function wants them."""

    runtime: Runtime
    kind: AnyKind
    id: str
    group_id: str | None
    arguments: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What came of a run: the outcome, what was returned, what was last reported."""

    outcome: Outcome
    result: Any = None
    progress: Progress | None = None


def prepare(runtime: Runtime, row: Mapping[str, Any]) -> Prepared | Refusal:
    """Find the task's function and read its arguments; else say why it is dead."""
    kind = runtime.registry.get(row["kind"])
    if kind is None:
        return _dead(f"There is no task {row['kind']!r} in actors/ (any more).")
    try:
        arguments = kind.arguments.read(row["args"])
    except InvalidError as error:
        return _dead(f"{kind.name} cannot be called with that: {error}")
    return Prepared(
        runtime=runtime,
        kind=kind,
        id=row["id"],
        group_id=row.get("group_id"),
        arguments=arguments,
    )


def run(prepared: Prepared, *, attempt: int) -> Ran:
    """Call the function; whatever it does is an outcome.

    A time limit is raised in here by whoever watches the clock.
    """
    kind = prepared.kind
    reports = _Reports(prepared)
    task = CurrentTask(
        id=prepared.id, kind=kind.name, attempt=attempt, group_id=prepared.group_id
    )
    try:
        with (
            connected(RowDesk(prepared.runtime)),
            task_under_way(task, report=reports.take),
        ):
            returned = kind.function(**prepared.arguments)
        outcome, result = _returned(returned)
    except BaseException as error:  # noqa: BLE001 - the owner's code may raise anything
        # No signal ends in this thread: a SystemExit comes from a library (argparse).
        outcome, result = _raised(task, kind, error), None
    return Ran(outcome=outcome, result=result, progress=reports.unwritten)


def broken_off(kind: AnyKind) -> Ran:
    """Return what came of a run that did not end though its time was over.

    It is cut off with its process, as by a crash, and `after_crash` decides likewise.
    """
    if after_crash(kind, crashes=1) is AfterCrash.HOLD:
        return Ran(
            outcome=_outcome(Result.PERMANENT_CONTENT, f"{TOOK_TOO_LONG} {HELD}")
        )
    return Ran(outcome=_outcome(Result.TRANSIENT, TOOK_TOO_LONG))


def finish(
    tx: sa.Connection,
    runtime: Runtime,
    task_id: str,
    ran: Ran | None = None,
    *,
    now: datetime,
    in_turn: bool = False,
) -> None:
    """Keep what came of a run, and do what follows from the task's new status.

    To be called once the row has that status; `ran` is None where it has not run
    (refused, expired); `in_turn`: where no row may be waited for (`settle`).
    """
    standing = own_tasks.standing(tx, task_id)
    if standing is None:
        return  # cleaned up meanwhile
    status, groups = standing
    if ran is not None:
        kept = ran.result if status == Status.SENT else None
        progress = None if ran.progress is None else asdict(ran.progress)
        own_tasks.keep_result(tx, task_id, result=kept, progress=progress)
    if Status(status) in FINISHED:
        settle(tx, runtime, ended=[task_id], groups=groups, now=now, in_turn=in_turn)


def after_crash(kind: AnyKind | None, *, crashes: int) -> AfterCrash:
    """Decide about a task during which its worker has died so often.

    One that kills its worker each time must not do so for ever.
    """
    if kind is None or not kind.idempotent or crashes >= MOST_CRASHES:
        return AfterCrash.HOLD
    return AfterCrash.RUN_AGAIN


class _Reports:
    """Writes down what a task reports, now and then."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._next_at = time.monotonic() + REPORT_EVERY_S / 4
        #: The last report, where it is not written down.
        self.unwritten: Progress | None = None

    def take(self, progress: Progress) -> None:
        """Take a report; the last one is never lost."""
        self.unwritten = progress
        if time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + REPORT_EVERY_S
        try:
            with self._prepared.runtime.database.write() as tx:
                own_tasks.keep_progress(tx, self._prepared.id, asdict(progress))
        except StorageUnavailableError as error:
            # No reason for the task to fail: the next report tells more anyway.
            extra = fields("progress_not_kept", id=self._prepared.id, cause=error)
            log.warning("Progress not kept", extra=extra)
            return
        self.unwritten = None


def _dead(reason: str) -> Refusal:
    return Refusal(status=Status.DEAD, reason=_short(reason))


def _returned(value: Any) -> tuple[Outcome, Any]:
    try:
        result = from_json(as_json(value, field="what it returned"))
    except InvalidError as error:
        (problem,) = error.problems
        words = f"It ran, but {problem.field} {problem.message}"
        return _outcome(Result.PERMANENT_CONTENT, words), None
    return Outcome(result=Result.ACCEPTED), result


def _raised(task: CurrentTask, kind: AnyKind, error: BaseException) -> Outcome:
    if isinstance(error, Retry):
        words = _words(error) or type(error).__name__
        return _outcome(Result.TRANSIENT, words, retry_after=_pause(error.after))
    if isinstance(error, (SoftTimeLimit, TimeLimit)):
        return _outcome(Result.TRANSIENT, TOOK_TOO_LONG)
    words = _told(error)
    if _is_fatal(kind, error):
        return _outcome(Result.PERMANENT_CONTENT, words)
    if not isinstance(error, kind.retry_on):
        extra = fields("task_raised", id=task.id, kind=kind.name, attempt=task.attempt)
        log.error("Task raised an error", extra=extra, exc_info=error)
    return _outcome(Result.TRANSIENT, words)


def _is_fatal(kind: AnyKind, error: BaseException) -> bool:
    """Tell whether the nearest class that the kind names is among its fatal ones."""
    for family in type(error).__mro__:
        if family in kind.fatal or family is Fatal:
            return True
        if family in kind.retry_on:
            return False
    return False


def _pause(after: timedelta | str | None) -> timedelta | None:
    try:
        return None if after is None else min(parse_duration(after), LONGEST_DURATION)
    except ValueError:
        return (
            None  # the queue's own pause, then: its author's slip is no reason to die
        )


def _outcome(
    result: Result, reason: str, *, retry_after: timedelta | None = None
) -> Outcome:
    return Outcome(result=result, reason=_short(reason), retry_after=retry_after)


def _told(error: BaseException) -> str:
    words = _words(error)
    if isinstance(error, Fatal) and words:
        return words
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - its `__str__` is the owner's code, too
        return ""


def _short(words: str) -> str:
    line = printable(words.strip().partition("\n")[0])
    return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 1]}…"
