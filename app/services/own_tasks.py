"""Plans tasks of one's own: alone, in chains, in groups; and what people do to them.

Called by the desk, the API, events and the schedule, in the transaction of the fact
that wants them. Rings nothing: `dispatch.perform` does, after the commit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from typing import Any

import sqlalchemy as sa
from pydantic_core import from_json

from app.domain.ids import new_id
from app.domain.lanes import Lane
from app.domain.own_tasks import MOST_IN_GROUP, USEFUL_FOR
from app.domain.tasks import CANCELLABLE, Status
from app.errors import ConflictError, InvalidError, NotFoundError, Problem
from app.runtime import Runtime
from app.services.following import (
    WAITS_FOR_GROUP,
    WAITS_FOR_OTHERS,
    group_facts,
    settle,
)
from app.services.notifications import CANCELLED_BY_HAND, RETRYABLE
from app.storage import own_tasks as store
from app.storage import task_groups
from app.work.arguments import as_json
from app.work.kinds import PRIORITIES, GroupWish, Options, Wish


def insert_task(
    tx: sa.Connection, runtime: Runtime, wish: Wish, *, now: datetime
) -> str:
    """Plan one task; return its id, or that of the one with the same dedupe key.

    Raises InvalidError with all that is wrong.
    """
    problems = _problems(runtime, wish, now=now)
    if problems:
        raise InvalidError(problems)
    return plan(tx, runtime, [wish], now=now)[wish.id]


def insert_all(
    tx: sa.Connection, runtime: Runtime, wishes: Sequence[Wish], *, now: datetime
) -> dict[str, str]:
    """Plan several tasks, all or none; return the id that each wish's task has."""
    if problems := _problems_of_all(runtime, wishes, now=now):
        raise InvalidError(problems)
    return plan(tx, runtime, wishes, now=now)


def start_group(
    tx: sa.Connection, runtime: Runtime, group: GroupWish, *, now: datetime
) -> tuple[str, dict[str, str]]:
    """Plan a group and what follows it; return its id and those of its tasks."""
    if problems := _group_problems(runtime, group, now=now):
        raise InvalidError(problems)
    group_id = new_id()
    row = {
        "id": group_id,
        "name": group.name,
        "total": 0,
        "then_task_id": None,
        "created_at": now,
        "finished_at": None,
    }
    task_groups.insert(tx, row)
    ids = plan(tx, runtime, group.tasks, now=now, group_id=group_id)
    if group.then is not None:
        held = plan(tx, runtime, [group.then], now=now, reason=WAITS_FOR_GROUP)
        ids |= held
    total = sum(ids[wish.id] == wish.id for wish in group.tasks)
    then_id = ids[group.then.id] if group.then is not None else None
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
    _check_links(tx, wishes)
    rows = [_row(runtime, wish, now=now, reason=reason) for wish in wishes]
    ids = store.insert(tx, rows, group_id=group_id)
    fresh = [wish for wish in wishes if ids[wish.id] == wish.id]
    pairs = {
        (wish.id, ids.get(before, before))
        for wish in fresh
        for before in wish.options.after
    }
    store.link(tx, pairs)
    # Those of the same batch have not begun, let alone ended.
    earlier = {before for _, before in pairs} - {wish.id for wish in fresh}
    settle(tx, runtime, ended=earlier, now=now)
    return ids


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
    settle(tx, runtime, ended=[task_id], now=now)
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


def _row(runtime: Runtime, wish: Wish, *, now: datetime, reason: str) -> dict[str, Any]:
    options, kind = wish.options, wish.kind
    priority = options.priority if options.priority is not None else kind.priority
    if priority is None:
        priority = runtime.policy.queues[wish.queue].priority
    due_at = max(options.send_at or now, now)
    if options.after:
        reason = WAITS_FOR_OTHERS
    key = options.dedupe_key
    return {
        "id": wish.id,
        "kind": kind.name,
        "queue": wish.queue,
        "lane": str(Lane(queue=wish.queue, gate=wish.queue)),
        "priority": priority,
        "status": Status.PENDING,
        "reason": reason,
        "dedupe_key": None if key is None else f"task/{kind.name}/{key}",
        "args": from_json(as_json(dict(wish.args), field="args")),
        "created_at": now,
        "due_at": due_at,
        "next_attempt_at": None if reason else due_at,
        "useful_until": options.useful_until or due_at + USEFUL_FOR,
        "updated_at": now,
    }


def _problems_of_all(
    runtime: Runtime, wishes: Sequence[Wish], *, now: datetime
) -> list[Problem]:
    return [
        Problem(f"tasks.{number}.{problem.field}", problem.message)
        for number, wish in enumerate(wishes)
        for problem in _problems(runtime, wish, now=now)
    ]


def _problems(
    runtime: Runtime,
    wish: Wish,
    *,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
) -> list[Problem]:
    problems = list(
        _option_problems(wish.options, queues=runtime.policy.queues, now=now)
    )
    try:
        wish.kind.arguments.check({**(facts or {}), **wish.args})
    except InvalidError as error:
        problems += error.problems
    return problems


def _option_problems(
    options: Options, *, queues: Collection[str], now: datetime
) -> Iterator[Problem]:
    if options.queue is not None and options.queue not in queues:
        yield Problem("queue", f"must be one of {', '.join(queues)}")
    if options.priority is not None and options.priority not in PRIORITIES:
        yield Problem("priority", "must be from 0 to 100")
    for name in ("send_at", "useful_until"):
        moment = getattr(options, name)
        if moment is not None and moment.tzinfo is None:
            yield Problem(name, "must be a time with its offset")
            return
    due_at = max(options.send_at or now, now)
    if options.useful_until is not None and options.useful_until <= due_at:
        yield Problem("useful_until", "is before the task could begin")


def _group_problems(
    runtime: Runtime, group: GroupWish, *, now: datetime
) -> list[Problem]:
    if len(group.tasks) > MOST_IN_GROUP:
        return [Problem("tasks", f"may be {MOST_IN_GROUP:,} at most; make two groups")]
    found = _problems_of_all(runtime, group.tasks, now=now)
    if group.then is not None:
        facts = group_facts(group.then.kind, group_id="", counts={}, total=0)
        problems = _problems(runtime, group.then, now=now, facts=facts)
        found += [Problem(f"then.{p.field}", p.message) for p in problems]
        if group.then.options.after:
            message = "is not for what follows a group: it waits for the group"
            found.append(Problem("then.after", message))
    return found


def _check_links(tx: sa.Connection, wishes: Sequence[Wish]) -> None:
    """Raise InvalidError where a task waits for what is not there, or for itself."""
    graph = {wish.id: set(wish.options.after) for wish in wishes}
    outside = set().union(*graph.values()) - set(graph)
    known = store.existing(tx, outside) if outside else set()
    if unknown := sorted(outside - known):
        raise InvalidError([Problem("after", f"there is no task {unknown[0]!r}")])
    try:
        TopologicalSorter(graph).prepare()
    except CycleError:
        message = "makes tasks wait for each other in a circle"
        raise InvalidError([Problem("after", message)]) from None
