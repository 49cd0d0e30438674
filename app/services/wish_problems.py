"""What is wrong with a task that somebody wants: all of it at once, before any row.

Called by `services/own_tasks.py`. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from typing import Any

import sqlalchemy as sa

from app.domain.own_tasks import MOST_IN_GROUP
from app.errors import InvalidError, Problem
from app.runtime import Runtime
from app.services.following import group_facts
from app.storage import own_tasks as store
from app.work.kinds import PRIORITIES, GroupWish, Options, Wish


def problems_of_all(
    runtime: Runtime, wishes: Sequence[Wish], *, now: datetime
) -> list[Problem]:
    """Return what is wrong with several wishes, each under its number."""
    return [
        Problem(f"tasks.{number}.{problem.field}", problem.message)
        for number, wish in enumerate(wishes)
        for problem in problems_of(runtime, wish, now=now)
    ]


def problems_of(
    runtime: Runtime,
    wish: Wish,
    *,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
) -> list[Problem]:
    """Return what is wrong with a wish; `facts` are arguments that come later."""
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


def problems_of_group(
    runtime: Runtime, group: GroupWish, *, now: datetime
) -> list[Problem]:
    """Return what is wrong with a group, its tasks and what follows them."""
    if len(group.tasks) > MOST_IN_GROUP:
        return [Problem("tasks", f"may be {MOST_IN_GROUP:,} at most; make two groups")]
    found = problems_of_all(runtime, group.tasks, now=now)
    if group.then is not None:
        problems = problems_of_follower(runtime, group.then, now=now)
        found += [Problem(f"then.{p.field}", p.message) for p in problems]
    return found


def problems_of_follower(
    runtime: Runtime, wish: Wish, *, now: datetime
) -> list[Problem]:
    """Return what is wrong with a wish for what follows a group."""
    facts = group_facts(wish.kind, group_id="", counts={}, total=0)
    found = problems_of(runtime, wish, now=now, facts=facts)
    if wish.options.after:
        message = "is not for what follows a group: it waits for the group"
        found.append(Problem("after", message))
    return found


def link_problems(tx: sa.Connection, wishes: Sequence[Wish]) -> list[Problem]:
    """Return where a task waits for what is not there, or for itself."""
    graph = {wish.id: set(wish.options.after) for wish in wishes}
    outside = set().union(*graph.values()) - set(graph)
    known = store.existing(tx, outside) if outside else set()
    if unknown := sorted(outside - known):
        return [Problem("after", f"there is no task {unknown[0]!r}")]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError:
        message = "makes tasks wait for each other in a circle"
        return [Problem("after", message)]
    return []
