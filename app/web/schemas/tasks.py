"""Tasks of one's own, as requests and answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, Field

from app.domain.own_tasks import State, state_of
from app.domain.tasks import Status
from app.storage.own_task_lists import Filter
from app.web.schemas.fields import (
    Id,
    Line,
    MomentField,
    QueryModel,
)
from app.web.schemas.lists import PageQuery

#: Seconds that a request may wait for a task's end.
LONGEST_WAIT_S = 30


class TasksQuery(PageQuery):
    """Which tasks, and which page of them; what is not given does not matter.

    `state` stands for several `status`; `since` and `until` are about when it was
    planned.
    """

    status: Status | None = None
    state: State | None = None
    kind: Line | None = None
    queue: Line | None = None
    group_id: Id | None = None
    since: MomentField | None = None
    until: MomentField | None = None

    def filter(self) -> Filter:
        """Return the filter in the house's own words."""
        return Filter(
            statuses=self._statuses(),
            kind=self.kind,
            queue=self.queue,
            group_id=self.group_id,
            since=self.since,
            until=self.until,
        )

    def _statuses(self) -> list[Status] | None:
        if self.status is None and self.state is None:
            return None
        return [
            status
            for status in Status
            if self.status in (None, status) and self.state in (None, state_of(status))
        ]


class WaitQuery(QueryModel):
    """How many seconds the answer may wait for the task's end."""

    wait: Annotated[float, Field(ge=0, le=LONGEST_WAIT_S)] = 0


class ProgressAnswer(BaseModel):
    """What a task last reported."""

    done: float
    total: float | None
    note: str


class RunAnswer(BaseModel):
    """One run: when, and how it ended (null while it goes on)."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    reason: str


class TaskAnswer(BaseModel):
    """A task as it is; `state` says it in a word, `status` exactly.

    `waiting` (for its time, for other tasks or its next try), `running`, `done`,
    `failed` (a person must act), `called_off`. The status of what is done is `sent`.
    `after` are the tasks that it waits for or has waited for, `group_id` is the group
    that it was planned with; others may have taken it in by its `dedupe_key`.
    """

    id: str
    kind: str
    queue: str
    status: Status
    state: State
    reason: str
    args: dict[str, Any]
    result: Any
    progress: ProgressAnswer | None
    attempts: int
    group_id: str | None
    after: list[str]
    priority: int
    created_at: datetime
    due_at: datetime
    next_attempt_at: datetime | None
    useful_until: datetime
    finished_at: datetime | None


class OneTaskAnswer(TaskAnswer):
    """A task with all its runs."""

    attempts: list[RunAnswer]  # type: ignore[assignment]  # a count in lists


class TasksAnswer(BaseModel):
    """A page of tasks, the newest first."""

    data: list[TaskAnswer]
    next_cursor: str | None


_DERIVED = {"state", "after"}
_PLAIN = [name for name in TaskAnswer.model_fields if name not in _DERIVED]


def task_answer(
    row: sa.RowMapping,
    *,
    after: Sequence[str],
    attempts: Sequence[sa.RowMapping] | None = None,
) -> dict[str, Any]:
    """Write a task; with its runs where they are given."""
    answer = {name: row[name] for name in _PLAIN}
    answer["state"] = state_of(Status(row["status"]))
    answer["after"] = list(after)
    if attempts is not None:
        names = RunAnswer.model_fields
        answer["attempts"] = [{n: a[n] for n in names} for a in attempts]
    return answer
