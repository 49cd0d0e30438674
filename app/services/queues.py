"""The queues, as a person sees and changes them while all runs.

Called by the API and by commands. Pausing and a purge end no attempt that has begun;
nothing is ever deleted.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.queues import QueuePolicy
from app.errors import InvalidError, NotFoundError, Problem
from app.logs import fields
from app.policy import with_overrides, write_duration, write_rate, written
from app.runtime import Runtime
from app.services.gate_state import Gate, left, look
from app.services.gates import Gates
from app.services.policies import overrides_in_force, policy_of_file
from app.storage import queues as store
from app.storage.queues import LaneCount

log = logging.getLogger(__name__)

#: Said of a worker's name, the one value that nobody could obey while all runs.
_NO_OTHER_WORKER = (
    "cannot be changed while Bellhop runs: nobody would start that worker. Set it in "
    "bellhop.toml and start Bellhop again"
)


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A queue as it stands; limits as the policy file writes them."""

    name: str
    priority: int
    worker: str
    #: What waits and is due, and what waits until later.
    depth: int
    delayed: int
    #: Rung for, and being done.
    queued: int
    in_flight: int
    unknown: int
    failed: int
    dead: int
    #: How long the first of what is due has been due; None: nothing is.
    oldest_age_seconds: float | None
    rate_limit: str
    #: How many may leave under the limit at this moment; None: there is no limit.
    rate_left: int | None
    gate: Gate
    max_length: int
    ttl: str
    #: What was set at run time, and holds instead of the file.
    overrides: Mapping[str, Any]


def all_queues(runtime: Runtime) -> list[Queue]:
    """Return every queue, those of the policy first, then others in which rows wait."""
    with runtime.database.read() as tx:
        return _look(tx, runtime)


def one_queue(tx: sa.Connection, runtime: Runtime, name: str) -> Queue:
    """Return one queue as it stands."""
    (found,) = [queue for queue in _look(tx, runtime, name) if queue.name == name]
    return found


def pause(
    tx: sa.Connection,
    runtime: Runtime,
    name: str,
    *,
    until: datetime | None,
    by: str,
    reason: str = "",
) -> None:
    """Let nothing out of a queue until a moment (None: until somebody resumes it)."""
    check_name(tx, runtime, name)
    now = utc_now()
    if until is not None and until <= now:
        raise InvalidError([Problem("until", "is past; give a moment to come")])
    store.pause(tx, name, until=until, by=by, reason=reason, now=now)
    extra = fields("queue_paused", queue=name, by=by, until=until, reason=reason)
    log.info("Queue paused", extra=extra)


def resume(tx: sa.Connection, runtime: Runtime, name: str, *, by: str) -> None:
    """Let a paused queue go on; one that is not paused stays as it is."""
    check_name(tx, runtime, name)
    store.resume(tx, name, now=utc_now())
    log.info("Queue resumed", extra=fields("queue_resumed", queue=name, by=by))


def change(
    tx: sa.Connection,
    runtime: Runtime,
    name: str,
    values: Mapping[str, object],
    *,
    by: str,
) -> None:
    """Set values of a queue's policy, written as in the file; None: the file's again.

    Raises InvalidError with every mistake at once. Rows that are planned already keep
    their priority. What was set before and does not go with the file is forgotten.
    """
    check_name(tx, runtime, name)
    now = utc_now()
    known = store.locked_overrides(tx, name, now=now)
    wanted = {**overrides_in_force(runtime, name, known), **values}
    overrides = _checked(policy_of_file(runtime, name), wanted)
    store.save_overrides(tx, name, overrides, now=now)
    log.info(
        "Queue's policy changed",
        extra=fields("queue_changed", queue=name, by=by, overrides=overrides),
    )


def check_name(tx: sa.Connection, runtime: Runtime, name: str) -> None:
    """Raise NotFoundError, with the nearest name, for a queue that there is not.

    One that was taken out of the policy file is there as long as rows wait in it.
    """
    names = runtime.policy.queues
    if name not in names and not store.count_waiting(tx, name, at_most=1):
        near = difflib.get_close_matches(name, sorted(names), n=1, cutoff=0.4)
        raise NotFoundError("queue", name, nearest=next(iter(near), ""))


def _checked(policy: QueuePolicy, wanted: Mapping[str, object]) -> dict[str, Any]:
    """Return the overrides as they are kept; raise InvalidError for any mistake."""
    names = written(policy)
    # A name that there is not is a mistake, even where its value is to go.
    given = {
        name: value
        for name, value in wanted.items()
        if value is not None or name not in names
    }
    problems = (
        [Problem("worker", _NO_OTHER_WORKER)] if given.pop("worker", None) else []
    )
    try:
        changed = with_overrides(policy, given)
    except InvalidError as error:
        raise InvalidError([*problems, *error.problems]) from None
    if problems:
        raise InvalidError(problems)
    return {name: written(changed)[name] for name in given}


def _look(tx: sa.Connection, runtime: Runtime, *asked: str) -> list[Queue]:
    now = utc_now()
    lanes = store.waiting_by_lane(tx, now=now)
    others = store.count_by_status(tx)
    gates = Gates(tx, runtime, now=now)
    strangers = {lane.lane.queue for lane in lanes} | others.keys()
    names = dict.fromkeys([*runtime.policy.queues, *asked, *sorted(strangers)])
    return [
        _queue(gates, name, lanes=lanes, others=others.get(name, {}), now=now)
        for name in names
    ]


def _queue(
    gates: Gates,
    name: str,
    *,
    lanes: Sequence[LaneCount],
    others: Mapping[str, int],
    now: datetime,
) -> Queue:
    policy = gates.policy(name)
    own = [lane for lane in lanes if lane.lane.queue == name]
    due = sum(lane.due for lane in own)
    since = min((lane.due_since for lane in own if lane.due_since), default=None)
    # A channel's limit and provider are shared by what other queues send over it.
    at_gate = sum(
        lane.due for lane in lanes if name in (lane.lane.queue, lane.lane.gate)
    )
    return Queue(
        name=name,
        priority=policy.priority,
        worker=policy.worker,
        depth=due,
        delayed=sum(lane.waiting for lane in own) - due,
        queued=others.get("queued", 0),
        in_flight=others.get("sending", 0),
        unknown=others.get("unknown", 0),
        failed=others.get("failed", 0),
        dead=others.get("dead", 0),
        oldest_age_seconds=None if since is None else (now - since).total_seconds(),
        rate_limit=write_rate(policy.rate_limit),
        rate_left=left(gates, name),
        gate=look(gates, name, due=at_gate),
        max_length=policy.max_length,
        ttl=write_duration(policy.ttl),
        overrides=gates.overrides(name),
    )
