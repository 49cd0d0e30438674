"""The task that is running just now: what it is, and how far it says it has come.

Set by `services/running.py` around the call; read by the task's own code. A function
that is called directly, for example by its test, reports to nobody.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

#: Characters of a note that are kept.
LONGEST_NOTE = 200


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a task has come: `done` of `total`, where it knows how much there is."""

    done: float
    total: float | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class CurrentTask:
    """The task whose function is running; `attempt` is 1 the first time."""

    id: str
    kind: str
    attempt: int
    group_id: str | None = None


#: Takes what a running task reports.
Report = Callable[[Progress], object]

_current: ContextVar[tuple[CurrentTask, Report] | None] = ContextVar(
    "bellhop_task", default=None
)


def current_task() -> CurrentTask | None:
    """Return the task that is running, or None where the function was just called."""
    found = _current.get()
    return None if found is None else found[0]


def report(done: float, total: float | None = None, note: str = "") -> None:
    """Tell how far the running task has come; whoever asks for it sees that.

    Call it as often as you like: it is written down about once a second.
    """
    found = _current.get()
    if found is not None:
        note = printable(note[:LONGEST_NOTE])
        whole = None if total is None else _number(total)
        found[1](Progress(done=_number(done), total=whole, note=note))


def _number(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"report() takes numbers, not {value}")
    return value if isinstance(value, int) else float(value)


def printable(words: str) -> str:
    """Return words of the owner's code without what no database and no page takes."""
    return "".join(c if c.isprintable() else " " for c in words)


@contextmanager
def task_under_way(task: CurrentTask, *, report: Report) -> Iterator[None]:
    """Let the code within know which task it belongs to."""
    token = _current.set((task, report))
    try:
        yield
    finally:
        _current.reset(token)
