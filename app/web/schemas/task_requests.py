"""Tasks of one's own as they are asked for; what is wrong with them is told together.

A field may be wrong by itself, or for its kind's function, which is looked at where the
kind is known, whatever else is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Field,
    ModelWrapValidatorHandler,
    StrictInt,
    StrictStr,
    ValidationError,
    model_validator,
)

from app.clock import utc_now
from app.errors import InvalidError, Problem
from app.services.wish_problems import problems_of, problems_of_follower
from app.web.context import runtime
from app.web.schemas.fields import Id, Line, Metadata, MomentField, RequestModel
from app.web.sentences import field_problem
from app.work.kinds import PRIORITIES, Options, Wish

#: Tasks that one task may come after.
MOST_BEFORE = 100


def _kind(name: str) -> str:
    try:
        return runtime().registry.find(name).name
    except InvalidError as error:
        raise ValueError(error.problems[0].message) from None


def _queue(name: str) -> str:
    queues = runtime().policy.queues
    if name not in queues:
        raise ValueError(f"must be one of {', '.join(queues)}")
    return name


KindName = Annotated[StrictStr, Field(max_length=100), AfterValidator(_kind)]
QueueName = Annotated[StrictStr, Field(max_length=100), AfterValidator(_queue)]


class TaskFields(RequestModel):
    """What every task that is asked for has."""

    kind: KindName
    args: Metadata = Field(default_factory=dict)
    queue: QueueName | None = None
    priority: (
        Annotated[StrictInt, Field(ge=PRIORITIES[0], le=PRIORITIES[-1])] | None
    ) = None
    send_at: MomentField | None = None
    useful_until: MomentField | None = None
    dedupe_key: Line | None = None
    after: Annotated[list[Id], Field(max_length=MOST_BEFORE)] = Field(
        default_factory=list
    )

    def wish(self, ids: Mapping[str, str] | None = None) -> Wish:
        """Return the wish; `ids` are those of the names that `after` may have."""
        known = ids or {}
        options = Options(
            queue=self.queue,
            priority=self.priority,
            send_at=self.send_at,
            useful_until=self.useful_until,
            dedupe_key=self.dedupe_key,
            after=tuple(known.get(name, name) for name in self.after),
        )
        return Wish(
            kind=runtime().registry.find(self.kind), args=self.args, options=options
        )


class TaskRequest(TaskFields):
    """A task of a kind that a file in `actors/` declares; `args` are its function's.

    `useful_until`: 7 days after it is due where not given. `priority`: lower goes
    first. `after`: ids of tasks that must be done before.
    """

    @model_validator(mode="wrap")
    @classmethod
    def _all_at_once(
        cls, body: Any, handler: ModelWrapValidatorHandler[TaskRequest]
    ) -> TaskRequest:
        try:
            return handler(body)
        except ValidationError as error:
            asked = Asked(place=(), body=body, model=TaskFields)
            raise all_that_is_wrong(error, [asked]) from None


class FollowerRequest(TaskFields):
    """The task that runs when those of its group have ended."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A task within a request that is not right: where it stands, and what was sent."""

    place: tuple[str | int, ...]
    body: Any
    model: type[TaskFields]


def all_that_is_wrong(error: ValidationError, tasks: Sequence[Asked]) -> InvalidError:
    """Add to what pydantic has found what is wrong with the fields that it let pass."""
    found = [field_problem(each) for each in error.errors()]
    places = [each["loc"] for each in error.errors()]
    for asked in tasks:
        depth = len(asked.place)
        within = [place[depth:] for place in places if place[:depth] == asked.place]
        bad = {place[0] for place in within if place}
        found += _problems_beside(bad, asked)
    return InvalidError(found)


def _problems_beside(bad: set[str | int], asked: Asked) -> Iterator[Problem]:
    if not isinstance(asked.body, dict):
        return
    try:
        task = asked.model.model_validate(
            {n: v for n, v in asked.body.items() if n not in bad}
        )
    except ValidationError:
        return  # of no kind
    check = problems_of_follower if asked.model is FollowerRequest else problems_of
    for problem in check(runtime(), task.wish(), now=utc_now()):
        if problem.field.partition(".")[0] not in bad:
            field = ".".join(map(str, (*asked.place, problem.field)))
            yield Problem(field, problem.message)
