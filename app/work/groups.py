"""Tasks that belong together: one after the other, side by side, or a list in pieces.

Called by the owner's own code. What was planned is rows: it survives every crash.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.domain.ids import new_id
from app.work.desk import the_desk
from app.work.kinds import GroupWish, TaskKind, Wish

#: Entries of a list that one task gets, unless said otherwise.
USUAL_CHUNK = 100


def chain(*wishes: Wish, dedupe_key: str | None = None) -> list[str]:
    """Plan tasks of which each begins when the one before it is done; return ids.

    The same `dedupe_key` plans nothing new.
    """
    linked: list[Wish] = []
    for number, wish in enumerate(_each_its_own(wishes)):
        before = [linked[-1].id] if linked else []
        once = wish.only_once(f"{dedupe_key}/{number}") if dedupe_key else wish
        linked.append(once.after(*before))
    return the_desk().enqueue(linked)


def group(
    wishes: Sequence[Wish],
    *,
    then: Wish | None = None,
    name: str = "",
    dedupe_key: str | None = None,
) -> str:
    """Plan tasks side by side, and one for when all have ended; return the group's id.

    `then` gets `group_id`, `total`, `done` and `failed` where its function has such
    arguments. The same `dedupe_key` plans nothing new, whatever the wishes are.
    """
    followers = [] if then is None else [then]
    tasks = _each_its_own([*wishes, *followers])
    follower = tasks.pop() if followers else None
    planned = GroupWish(tasks=tasks, then=follower, name=name, dedupe_key=dedupe_key)
    return the_desk().start_group(planned)


def chunks(
    kind: TaskKind[..., Any],
    entries: Sequence[Any],
    *,
    size: int = USUAL_CHUNK,
    args: Mapping[str, Any] | None = None,
    then: Wish | None = None,
    name: str = "",
    dedupe_key: str | None = None,
) -> str:
    """Give a long list to as many tasks as it takes, `size` entries each.

    They are the first argument of the kind's function; `args` are its others. Returns
    the group's id. The same `dedupe_key` plans nothing new of this kind.
    """
    if size < 1:
        raise ValueError(f"a chunk has at least 1 entry, not {size}")
    first = kind.arguments.names[0]
    wishes = [
        kind.wish(**{first: list(entries[start : start + size]), **(args or {})})
        for start in range(0, len(entries), size)
    ]
    planned = GroupWish(
        tasks=wishes,
        then=then,
        name=name or kind.name,
        dedupe_key=dedupe_key,
        kind=kind,
    )
    return the_desk().start_group(planned)


def _each_its_own(wishes: Iterable[Wish]) -> list[Wish]:
    """Return the wishes; one that comes again has an id, and is a task, of its own."""
    found: dict[str, Wish] = {}
    for wish in wishes:
        own = replace(wish, id=new_id()) if wish.id in found else wish
        found[own.id] = own
    return list(found.values())
