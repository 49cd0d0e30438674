"""Tasks of one's own: how one stands, in five words, and when one that waits may go.

Decides only; `services/own_tasks.py` does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from enum import StrEnum

from app.domain.tasks import FINISHED, Status

#: How long a task is useful where its author does not say.
USEFUL_FOR = timedelta(days=7)
#: Tasks that one group may have.
MOST_IN_GROUP = 10_000


class State(StrEnum):
    """Where a task stands, for whoever waits for it."""

    WAITING = "waiting"  # for its time, for other tasks, or for its next try
    RUNNING = "running"  # a worker has it, or died with it
    DONE = "done"  # it returned; its result is there
    FAILED = "failed"  # it will not be tried again without a person
    CALLED_OFF = "called_off"  # it was cancelled, or is of no use any more


class Follows(StrEnum):
    """What becomes of a task that waits, by those that it waits for."""

    GO = "go"  # all of them are done
    WAIT = "wait"  # some are not done yet
    STUCK = "stuck"  # one of them is dead: a person decides
    CALL_OFF = "call_off"  # one of them was called off: it will never be done


DONE = frozenset({Status.SENT, Status.DELIVERED, Status.UNDELIVERED})
CALLED_OFF = FINISHED - DONE - {Status.DEAD}
_RUNNING = frozenset({Status.SENDING, Status.UNKNOWN})


def state_of(status: Status) -> State:
    """Return where a task stands by its status."""
    if status in DONE:
        return State.DONE
    if status is Status.DEAD:
        return State.FAILED
    if status in CALLED_OFF:
        return State.CALLED_OFF
    return State.RUNNING if status in _RUNNING else State.WAITING


def follows(statuses: Collection[Status]) -> Follows:
    """Decide what becomes of a task that waits for tasks of these statuses.

    There is at least one: where all are gone they were cleaned up undone.
    """
    if not statuses or any(status in CALLED_OFF for status in statuses):
        return Follows.CALL_OFF
    if Status.DEAD in statuses:
        return Follows.STUCK
    return Follows.GO if DONE.issuperset(statuses) else Follows.WAIT


def progress(counts: Mapping[Status, int], *, total: int) -> dict[str, int]:
    """Return a group's progress: how many there are, are done, and have failed.

    What was called off has failed as well: it will not be done.
    """
    done = sum(counts.get(status, 0) for status in DONE)
    failed = sum(counts.get(status, 0) for status in FINISHED - DONE)
    return {"total": total, "done": done, "failed": failed}
