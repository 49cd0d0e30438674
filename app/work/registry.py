"""Every kind of task that this process knows, by name.

Made by `services/actors_found.py` from the files in `actors/`, and handed on in the
runtime.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from app.domain.kinds import Kind
from app.errors import ConfigError, InvalidError, Problem
from app.work.kinds import TaskKind

AnyKind = TaskKind[..., Any]


class Registry:
    """The kinds of task there are; none, where no file was loaded."""

    def __init__(self, kinds: Iterable[AnyKind] = ()) -> None:
        """Take the kinds; raise ConfigError where two of them have one name."""
        self._kinds: dict[str, AnyKind] = {}
        problems = []
        for kind in kinds:
            known = self._kinds.setdefault(kind.name, kind)
            if known is not kind:
                message = f"there is a task {kind.name!r} already, at {known.place}"
                problems.append(Problem(kind.place, message))
        if problems:
            raise ConfigError(problems)

    def __iter__(self) -> Iterator[AnyKind]:
        return iter(self._kinds.values())

    def __len__(self) -> int:
        return len(self._kinds)

    def get(self, name: str) -> AnyKind | None:
        """Return a kind, or None."""
        return self._kinds.get(name)

    def find(self, name: str, *, field: str = "kind") -> AnyKind:
        """Return a kind; raise InvalidError that says what there is instead."""
        kind = self._kinds.get(name)
        if kind is None:
            raise InvalidError([Problem(field, self._instead_of(name))])
        return kind

    def subscribers(self, event: str) -> list[AnyKind]:
        """Return the kinds that want to hear of an event."""
        return [kind for kind in self if kind.wants(event)]

    def check_queues(self, queues: Collection[str]) -> None:
        """Raise ConfigError where a kind waits in a queue that there is not."""
        problems = [
            Problem(kind.place, _no_queue(kind.queue, queues))
            for kind in self
            if kind.queue not in queues
        ]
        if problems:
            raise ConfigError(problems)

    def _instead_of(self, name: str) -> str:
        if name in list(Kind):
            return "is a kind of message: send it with POST /notifications"
        nearest = _nearest(name, self._kinds)
        return f"there is no task of that name in actors/{nearest}"


def _no_queue(name: str, queues: Collection[str]) -> str:
    return (
        f"there is no queue {name!r}{_nearest(name, queues)}; one of your own needs "
        f"[queues.{name}] new = true in bellhop.toml"
    )


def _nearest(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f"; the nearest is {near[0]}" if near else ""
