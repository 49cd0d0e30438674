"""Plans tasks of one's own: alone, in chains, in groups; and what people do to them.

Called by the desk, the API, events and the schedule, in the transaction of the fact
that wants them. Rings nothing: `dispatch.perform` does, after the commit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic_core import from_json

from app.domain.ids import new_id
from app.domain.lanes import Lane
from app.domain.own_tasks import USEFUL_FOR
from app.domain.queues import QueuePolicy
from app.domain.tasks import CANCELLABLE, Status
from app.errors import ConflictError, InvalidError, NotFoundError
from app.runtime import Runtime
from app.services.following import (
    WAITS_FOR_GROUP,
    WAITS_FOR_OTHERS,
    settle,
    settle_planned,
)
from app.services.notifications import CANCELLED_BY_HAND, RETRYABLE
from app.services.policies import policy_in_force
from app.services.wish_problems import (
    link_problems,
    problems_of,
    problems_of_all,
    problems_of_group,
)
from app.storage import own_tasks as store
from app.storage import task_groups
from app.storage.planning import existing_ids
from app.work.arguments import as_json
from app.work.kinds import GroupWish, Wish


def insert_task(
    tx: sa.Connection, runtime: Runtime, wish: Wish, *, now: datetime
) -> str:
    """Plan one task; return its id, or that of the one with the same dedupe key.

    Raises InvalidError with all that is wrong.
    """
    problems = problems_of(runtime, wish, now=now) + link_problems(tx, [wish])
    if problems:
        raise InvalidError(problems)
    return plan(tx, runtime, [wish], now=now)[wish.id]


def insert_all(
    tx: sa.Connection, runtime: Runtime, wishes: Sequence[Wish], *, now: datetime
) -> dict[str, str]:
    """Plan several tasks, all or none; return the id that each wish's task has."""
    problems = problems_of_all(runtime, wishes, now=now) + link_problems(tx, wishes)
    if problems:
        raise InvalidError(problems)
    return plan(tx, runtime, wishes, now=now)


def start_group(
    tx: sa.Connection, runtime: Runtime, group: GroupWish, *, now: datetime
) -> tuple[str, dict[str, str]]:
    """Plan a group and what follows it; return its id and those of its tasks.

    With a dedupe key that was used before nothing is planned, and the group is that
    one. Raises InvalidError with all that is wrong.
    """
    links = link_problems(tx, group.tasks)
    if problems := problems_of_group(runtime, group, now=now):
        raise InvalidError(problems + links)
    group_id = new_id()
    row = {
        "id": group_id,
        "name": group.name,
        "total": 0,
        "then_task_id": None,
        "created_at": now,
        "finished_at": None,
        "dedupe_key": _group_key(group),
    }
    if (known := task_groups.insert(tx, row)) != group_id:
        return known, {}  # what it waited for may be gone by now
    if links:
        raise InvalidError(links)
    group = _only_once(group)
    ids = plan(tx, runtime, group.tasks, now=now, group_id=group_id)
    members = set(ids.values())
    earlier = members - ids.keys()
    total = len(members - earlier) + task_groups.add_guests(tx, group_id, earlier)
    if group.then is not None:
        held = plan(tx, runtime, [group.then], now=now, reason=WAITS_FOR_GROUP)
        ids |= held
    then_id = _then_id(group, ids)
    task_groups.set_total(tx, group_id, total=total, then_task_id=then_id)
    settle(tx, runtime, ended=(), groups=[group_id], now=now)
    return group_id, ids


def plan(
    tx: sa.Connection,
    runtime: Runtime,
    wishes: Sequence[Wish],
    *,
    now: datetime,
    group_id: str | None = None,
    reason: str = "",
) -> dict[str, str]:
    """Write wishes down that were checked; return the id that each one's task has.

    `reason`: why they are to wait until somebody frees them.
    """
    policies = {
        queue: policy_in_force(tx, runtime, queue)
        for queue in {wish.queue for wish in wishes}
    }
    rows = [_row(wish, policies[wish.queue], now=now, reason=reason) for wish in wishes]
    ids = store.insert(tx, rows, group_id=group_id)
    fresh = [wish for wish in wishes if ids[wish.id] == wish.id]
    pairs = {
        (wish.id, ids.get(before, before))
        for wish in fresh
        for before in wish.options.after
    }
    store.link(tx, pairs)
    # Those of the same batch have not begun, let alone ended.
    batch = {wish.id for wish in fresh}
    behind_earlier = {task_id for task_id, before in pairs if before not in batch}
    settle_planned(tx, runtime, behind_earlier, now=now)
    return ids


def wanted(tx: sa.Connection, wishes: Sequence[Wish]) -> Counter[str]:
    """Count by queue what these wishes would plan anew."""
    # Of those with the same key one is planned; without a key each is.
    queues = {_key(wish) or wish.id: wish.queue for wish in reversed(wishes)}
    named = [key for wish in wishes if (key := _key(wish)) is not None]
    known = existing_ids(tx, dedupe_keys=named) if named else {}
    return Counter(queue for key, queue in queues.items() if key not in known)


def find(tx: sa.Connection, task_id: str) -> sa.RowMapping:
    """Return a task; raise NotFoundError where there is none."""
    row = store.find(tx, task_id)
    if row is None:
        raise NotFoundError("task", task_id)
    return row


def retry(
    tx: sa.Connection, runtime: Runtime, task_id: str, *, now: datetime
) -> sa.RowMapping:
    """Run a failed or dead task again, from the start of its quick retries."""
    row = find(tx, task_id)
    if Status(row["status"]) not in RETRYABLE:
        raise ConflictError(
            f"Only failed and dead tasks are retried; it is {row['status']}."
        )
    if row["useful_until"] <= now:
        raise ConflictError("It would come too late to be useful.")
    anew = dict.fromkeys(("quick_tries", "rounds", "resends"), 0)
    to = {"status": Status.RETRYING, "next_attempt_at": now, "finished_at": None}
    _move(tx, task_id, among=RETRYABLE, to=to | anew, reason="", now=now)
    settle(tx, runtime, ended=[task_id], now=now)
    return find(tx, task_id)


def cancel(
    tx: sa.Connection, runtime: Runtime, task_id: str, *, now: datetime
) -> sa.RowMapping:
    """Call a task off, and what was to follow it; ConflictError where that is late."""
    status = Status(find(tx, task_id)["status"])
    if status in (Status.SENDING, Status.UNKNOWN):
        raise ConflictError("Too late: the task is running.")
    if status not in CANCELLABLE:
        raise ConflictError(f"Too late: the task has ended, it is {_word(status)}.")
    to = {"status": Status.CANCELLED, "next_attempt_at": None, "finished_at": now}
    _move(tx, task_id, among=CANCELLABLE, to=to, reason=CANCELLED_BY_HAND, now=now)
    groups = store.groups_of(tx, [task_id])
    settle(tx, runtime, ended=[task_id], groups=groups, now=now)
    return find(tx, task_id)


def _move(
    tx: sa.Connection,
    task_id: str,
    *,
    among: Collection[Status],
    to: Mapping[str, Any],
    reason: str,
    now: datetime,
) -> None:
    values = {**to, "reason": reason, "updated_at": now}
    if not store.change(tx, [task_id], among=among, to=values):
        raise ConflictError("The task has changed just now; look at it again.")


def _word(status: Status) -> str:
    return "done" if status is Status.SENT else status.value


def _row(
    wish: Wish, policy: QueuePolicy, *, now: datetime, reason: str
) -> dict[str, Any]:
    options, kind = wish.options, wish.kind
    priority = options.priority if options.priority is not None else kind.priority
    if priority is None:
        priority = policy.priority
    due_at = max(options.send_at or now, now)
    useful_until = options.useful_until or due_at + USEFUL_FOR
    if options.after:
        reason = WAITS_FOR_OTHERS
    if not reason:
        # A ttl is about waiting in the queue, not for others.
        useful_until = policy.useful_until(useful_until, due_at=due_at)
    return {
        "id": wish.id,
        "kind": kind.name,
        "queue": wish.queue,
        "lane": str(Lane(queue=wish.queue, gate=wish.queue)),
        "priority": priority,
        "status": Status.PENDING,
        "reason": reason,
        "dedupe_key": _key(wish),
        "args": from_json(as_json(dict(wish.args), field="args")),
        "created_at": now,
        "due_at": due_at,
        "next_attempt_at": None if reason else due_at,
        "useful_until": useful_until,
        "updated_at": now,
    }


def _key(wish: Wish) -> str | None:
    """Return the wish's key as the row has it: kinds do not share theirs."""
    key = wish.options.dedupe_key
    return None if key is None else f"task/{wish.kind.name}/{key}"


def _group_key(group: GroupWish) -> str | None:
    """Return the group's key as its row has it: lists of two kinds do not share one."""
    if group.dedupe_key is None:
        return None
    kind = "" if group.kind is None else group.kind.name
    return f"{kind}/{group.dedupe_key}"


def _only_once(group: GroupWish) -> GroupWish:
    if (key := group.dedupe_key) is None:
        return group
    tasks = [wish.only_once(f"{key}/{n}") for n, wish in enumerate(group.tasks)]
    then = None if group.then is None else group.then.only_once(f"{key}/then")
    return replace(group, tasks=tasks, then=then)


def _then_id(group: GroupWish, ids: Mapping[str, str]) -> str | None:
    """Return the task that follows; None where it follows another group already."""
    then = group.then
    return then.id if then is not None and ids[then.id] == then.id else None
