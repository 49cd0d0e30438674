"""What follows the end of a task: those that waited for it go, its group is closed.

Called in the transaction that ends a task, and by a job that looks for what ended where
nobody looked (expired, purged). All of it may be done twice without harm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.own_tasks import CALLED_OFF, Follows, follows, progress
from app.domain.tasks import FINISHED, Status
from app.runtime import Runtime
from app.services import dispatch
from app.storage import own_tasks, task_groups
from app.storage.locking import is_at_hand
from app.work.kinds import TaskKind

WAITS_FOR_OTHERS = "Waits for the tasks that come before it."
WAITS_FOR_GROUP = "Waits for the tasks of its group."
#: Tasks and groups that one run of the job looks after.
_AT_ONCE = 500
#: What decides about those that wait; behind a dead task they wait for a person.
_SETTLED = FINISHED - {Status.DEAD}


def settle(
    tx: sa.Connection,
    runtime: Runtime,
    *,
    ended: Collection[str],
    groups: Collection[str] = (),
    now: datetime,
    in_turn: bool = False,
) -> None:
    """Let go what waited for these tasks, or call it off; then look at the groups.

    `groups`: those of the tasks, where they have any and may have ended with them.
    `in_turn`: who chooses what leaves waits for no row, as its holder may be waiting
    for his turn. What somebody else is changing is left to `tie_loose_ends`.
    """
    concerned = set(groups)
    while ended:
        waiting = own_tasks.waiting_for(tx, ended, at_hand=in_turn)
        ended = _decide(tx, waiting, now=now)
        concerned.update(own_tasks.groups_of(tx, ended) if ended else ())
    for group_id in sorted(concerned):
        _close(tx, runtime, group_id, now=now, in_turn=in_turn)


def settle_planned(
    tx: sa.Connection, runtime: Runtime, planned: Collection[str], *, now: datetime
) -> None:
    """Settle new tasks that come after earlier ones, and these alone.

    A crowd may wait for the same ones, and need not be read for each that is planned.
    """
    called_off = _decide(tx, planned, now=now)
    groups = own_tasks.groups_of(tx, called_off)
    settle(tx, runtime, ended=called_off, groups=groups, now=now)


def tie_loose_ends(runtime: Runtime) -> int:
    """Settle what ended where nobody looked; return how many tasks and groups.

    The scheduler's job: a task that expires, or that a person purges, ends in a
    statement that knows nothing of those that wait for it.
    """
    with runtime.database.read() as tx:
        waiting = task_groups.overlooked(tx, finished=_SETTLED, limit=_AT_ONCE)
        groups = [
            group_id
            for group_id in task_groups.open_groups(tx, limit=_AT_ONCE)
            if not task_groups.is_under_way(tx, group_id, finished=FINISHED)
        ]
    if not waiting and not groups:
        return 0

    def deed(tx: sa.Connection) -> None:
        now = utc_now()
        called_off = _decide(tx, own_tasks.lock_waiting(tx, waiting), now=now)
        concerned = [*groups, *own_tasks.groups_of(tx, called_off)]
        settle(tx, runtime, ended=called_off, groups=concerned, now=now)

    dispatch.perform(runtime, deed)
    return len(waiting) + len(groups)


def group_facts(
    kind: TaskKind[..., Any] | None,
    *,
    group_id: str,
    counts: Mapping[Status, int],
    total: int,
) -> dict[str, Any]:
    """Return what the task after a group is told, if its function wants to know."""
    facts: dict[str, Any] = {"group_id": group_id, **progress(counts, total=total)}
    names = kind.arguments.names if kind is not None else ()
    return {name: value for name, value in facts.items() if name in names}


def _decide(
    tx: sa.Connection, waiting: Collection[str], *, now: datetime
) -> Collection[str]:
    """Let waiting tasks go, wait on, or be called off; return those called off."""
    if not waiting:
        return ()
    before = own_tasks.statuses_before(tx, waiting)
    free: list[str] = []
    waits: dict[str, list[str]] = defaultdict(list)
    called_off: dict[str, list[str]] = defaultdict(list)
    for task_id, kinds in before.items():
        found = {Status(status): kind for status, kind in kinds.items()}
        decision = follows(found)
        if decision is Follows.GO:
            free.append(task_id)
        elif decision is Follows.CALL_OFF:
            called_off[_why_called_off(found)].append(task_id)
        else:
            waits[_why_it_waits(found)].append(task_id)
    if free:
        own_tasks.free(tx, free, now=now)
    for reason, ids in waits.items():
        to = {"reason": reason, "updated_at": now}
        own_tasks.change(tx, ids, among=[Status.PENDING], to=to)
    return _call_off(tx, called_off, now=now)


def _call_off(
    tx: sa.Connection, reasons: Mapping[str, Collection[str]], *, now: datetime
) -> list[str]:
    for reason, ids in reasons.items():
        to = {
            "status": Status.CANCELLED,
            "reason": reason,
            "finished_at": now,
            "updated_at": now,
        }
        own_tasks.change(tx, ids, among=[Status.PENDING], to=to)
    return [task_id for ids in reasons.values() for task_id in ids]


def _why_called_off(found: Mapping[Status, str]) -> str:
    for status, kind in found.items():
        if status in CALLED_OFF:
            return f"It was to follow {kind}, which was {status}."
    return "What it was to follow is gone without having been done."


def _why_it_waits(found: Mapping[Status, str]) -> str:
    if (kind := found.get(Status.DEAD)) is not None:
        return f"Waits for {kind}, which is dead. Retry that one, or cancel this one."
    return WAITS_FOR_OTHERS


def _close(
    tx: sa.Connection,
    runtime: Runtime,
    group_id: str,
    *,
    now: datetime,
    in_turn: bool,
) -> None:
    """Close a group whose tasks have all ended, and let what follows it go."""
    group = task_groups.lock_open(tx, group_id, at_hand=in_turn)
    if group is None or task_groups.is_under_way(tx, group_id, finished=FINISHED):
        return
    then_id = group["then_task_id"]
    if in_turn and then_id is not None and not is_at_hand(tx, task_id=then_id):
        return  # the group stays open, for the job to find
    task_groups.finish(tx, group_id, now=now)
    if then_id is None or not own_tasks.lock_waiting(tx, [then_id]):
        return
    row = own_tasks.find(tx, then_id)
    if row is None:
        return
    facts = group_facts(
        runtime.registry.get(row["kind"]),
        group_id=group_id,
        counts=counts_of(tx, group_id),
        total=group["total"],
    )
    task_groups.give_args(tx, then_id, {**row["args"], **facts})
    own_tasks.free(tx, [then_id], now=now)


def counts_of(tx: sa.Connection, group_id: str) -> dict[Status, int]:
    """Count a group's tasks by their status."""
    counts = task_groups.count_by_status(tx, group_id)
    return {Status(status): number for status, number in counts.items()}
