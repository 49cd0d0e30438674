"""A kind of task: a function and its policy; and a wish: a task that somebody wants.

Made by the decorator `task`. What is enqueued goes to the process's desk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Generic, ParamSpec, TypeVar

from app.domain.events import is_meant
from app.domain.ids import new_id
from app.domain.queues import QueuePolicy
from app.domain.schedule import Timing
from app.work.arguments import Arguments
from app.work.desk import the_desk

P = ParamSpec("P")
R = TypeVar("R")
#: Lower leaves first.
PRIORITIES = range(101)
#: Of a time limit that is given alone, so much is left for cleaning up.
_SOFT_SHARE = 0.8


@dataclass(frozen=True, kw_only=True)
class Options:
    """What may differ from one task of a kind to the next; None: as the kind says."""

    queue: str | None = None
    priority: int | None = None
    send_at: datetime | None = None
    useful_until: datetime | None = None
    #: The same key plans nothing new.
    dedupe_key: str | None = None
    #: Ids of tasks that must be done before.
    after: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A task that is to be planned; its id is known before it is."""

    kind: TaskKind[..., Any]
    #: Not checked before it is planned: what follows a group gets more of them then.
    args: Mapping[str, Any]
    options: Options = Options()
    id: str = field(default_factory=new_id)

    @property
    def queue(self) -> str:
        """The queue that it will wait in."""
        return self.options.queue or self.kind.queue

    def after(self, *task_ids: str) -> Wish:
        """Return the same wish, to be done when these tasks are done as well."""
        waits_for = (*self.options.after, *task_ids)
        return replace(self, options=replace(self.options, after=waits_for))

    def only_once(self, dedupe_key: str) -> Wish:
        """Return the same wish, with this key where it has none of its own."""
        key = self.options.dedupe_key or dedupe_key
        return replace(self, options=replace(self.options, dedupe_key=key))


@dataclass(frozen=True, kw_only=True)
class GroupWish:
    """Tasks that belong together, and the one that runs when all of them have ended."""

    tasks: Sequence[Wish]
    then: Wish | None = None
    name: str = ""
    #: The same key plans nothing new.
    dedupe_key: str | None = None
    #: Of a list in pieces, which may be empty: it has its key among those of its kind.
    kind: TaskKind[..., Any] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class TaskKind(Generic[P, R]):
    """A kind of task: what it runs, where it waits, how it is retried."""

    name: str
    function: Callable[P, R]
    #: File and line of its declaration, for people.
    place: str
    #: The first line of its docstring.
    summary: str
    arguments: Arguments
    queue: str
    priority: int | None
    #: Instead of the queue's.
    retry_delays: tuple[timedelta, ...] | None
    retry_on: tuple[type[BaseException], ...]
    fatal: tuple[type[BaseException], ...]
    soft_time_limit: timedelta | None
    time_limit: timedelta | None
    #: It may be run a second time after a crash in the middle of it.
    idempotent: bool
    #: Patterns of the events that plan one.
    events: tuple[str, ...]
    timing: Timing | None

    def __call__(self, *args: P.args, **more: P.kwargs) -> R:
        """Call the function right here, as if it were no task."""
        return self.function(*args, **more)

    def enqueue(self, *args: P.args, **more: P.kwargs) -> str:
        """Plan one; return its id. Raises InvalidError for arguments that do not do."""
        return self.with_options().enqueue(*args, **more)

    def wish(self, *args: P.args, **more: P.kwargs) -> Wish:
        """Describe one for a chain or a group, without planning it yet."""
        return self.with_options().wish(*args, **more)

    def with_options(
        self,
        *,
        queue: str | None = None,
        priority: int | None = None,
        send_at: datetime | None = None,
        useful_until: datetime | None = None,
        dedupe_key: str | None = None,
        after: Sequence[str] = (),
    ) -> Ordered[P, R]:
        """Say more about the next one: `kind.with_options(…).enqueue(…)`."""
        options = Options(
            queue=queue,
            priority=priority,
            send_at=send_at,
            useful_until=useful_until,
            dedupe_key=dedupe_key,
            after=tuple(after),
        )
        return Ordered(kind=self, options=options)

    def wants(self, event: str) -> bool:
        """Tell whether it subscribes to the event."""
        return any(is_meant(event, pattern=pattern) for pattern in self.events)

    def policy(self, queue: QueuePolicy) -> QueuePolicy:
        """Return the queue's policy with what the kind has of its own."""
        delays = queue.retry_delays if self.retry_delays is None else self.retry_delays
        soft, hard = self._limits(queue)
        return replace(
            queue, retry_delays=delays, soft_time_limit=soft, time_limit=hard
        )

    def _limits(self, queue: QueuePolicy) -> tuple[timedelta, timedelta]:
        soft, hard = self.soft_time_limit, self.time_limit
        if soft is None and hard is None:
            return queue.soft_time_limit, queue.time_limit
        if soft is None:
            assert hard is not None  # noqa: S101 - both were looked at above
            return hard * _SOFT_SHARE, hard
        return soft, hard or max(queue.time_limit, soft / _SOFT_SHARE)


@dataclass(frozen=True, kw_only=True)
class Ordered(Generic[P, R]):
    """A kind with options for one task of it."""

    kind: TaskKind[P, R]
    options: Options

    def enqueue(self, *args: P.args, **more: P.kwargs) -> str:
        """Plan one; return its id, or that of the one with the same `dedupe_key`."""
        return the_desk().enqueue([self.wish(*args, **more)])[0]

    def wish(self, *args: P.args, **more: P.kwargs) -> Wish:
        """Describe one for a chain or a group, without planning it yet."""
        named = self.kind.arguments.named(args, more)
        return Wish(kind=self.kind, args=named, options=self.options)
