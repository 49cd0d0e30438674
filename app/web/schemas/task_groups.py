"""Groups of tasks, as requests and answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import (
    BaseModel,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from app.domain.ids import new_id
from app.domain.own_tasks import progress
from app.domain.tasks import Status
from app.web.schemas.fields import Line, RequestModel
from app.web.schemas.task_requests import (
    Asked,
    FollowerRequest,
    TaskFields,
    all_that_is_wrong,
)
from app.web.schemas.tasks import TaskAnswer
from app.work.kinds import GroupWish, Wish

#: Tasks in one request: more than fit into the largest body.
_MOST_TASKS = 1000


class MemberRequest(TaskFields):
    """A task of a group; `id` is a name of yours, for the `after` of its neighbours."""

    id: Line | None = None


class GroupRequest(RequestModel):
    """Tasks that belong together; `then` runs when all of them have ended.

    The function of `then` gets `group_id`, `total`, `done` and `failed` where it has
    such arguments.
    """

    name: Line | None = None
    tasks: Annotated[list[MemberRequest], Field(min_length=1, max_length=_MOST_TASKS)]
    then: FollowerRequest | None = None

    @field_validator("tasks")
    @classmethod
    def _no_twins(cls, tasks: list[MemberRequest]) -> list[MemberRequest]:
        ids = [task.id for task in tasks]
        taken = PydanticCustomError("taken", "is another task's of this group")
        twins: list[InitErrorDetails] = [
            {"type": taken, "loc": (number, "id"), "input": own}
            for number, own in enumerate(ids)
            if own is not None and own in ids[:number]
        ]
        if twins:
            raise ValidationError.from_exception_data("tasks", twins)
        return tasks

    @model_validator(mode="wrap")
    @classmethod
    def _all_at_once(
        cls, body: Any, handler: ModelWrapValidatorHandler[GroupRequest]
    ) -> GroupRequest:
        try:
            return handler(body)
        except ValidationError as error:
            raise all_that_is_wrong(error, _asked(body)) from None

    def group(self) -> GroupWish:
        """Return the group in the house's own words."""
        ids = {task.id: new_id() for task in self.tasks if task.id is not None}
        return GroupWish(
            name=self.name or "",
            tasks=[_named(member, ids) for member in self.tasks],
            then=None if self.then is None else self.then.wish(),
        )


def _named(member: MemberRequest, ids: Mapping[str, str]) -> Wish:
    wish = member.wish(ids)
    if member.id is None:
        return wish
    return Wish(kind=wish.kind, args=wish.args, options=wish.options, id=ids[member.id])


def _asked(body: Any) -> list[Asked]:
    if not isinstance(body, dict):
        return []
    then = Asked(place=("then",), body=body.get("then"), model=FollowerRequest)
    tasks = body.get("tasks")
    members = [
        Asked(place=("tasks", number), body=member, model=MemberRequest)
        for number, member in enumerate(tasks if isinstance(tasks, list) else [])
    ]
    return [*members, then]


class GroupAnswer(BaseModel):
    """A group: how many tasks it has, how many are done, how many will never be."""

    id: str
    name: str
    total: int
    done: int
    failed: int
    then_task_id: str | None
    created_at: datetime
    finished_at: datetime | None


class PlannedGroupAnswer(GroupAnswer):
    """A group with its tasks, in the order in which they were given."""

    tasks: list[TaskAnswer]


def group_answer(row: sa.RowMapping, counts: Mapping[Status, int]) -> dict[str, Any]:
    """Write a group."""
    plain = set(GroupAnswer.model_fields) - {"total", "done", "failed"}
    answer = {name: row[name] for name in GroupAnswer.model_fields if name in plain}
    return answer | progress(counts, total=row["total"])
