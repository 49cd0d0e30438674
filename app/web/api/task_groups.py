"""`/task-groups`: tasks that belong together, and the one that follows them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from app.clock import utc_now
from app.errors import NotFoundError
from app.services import own_tasks
from app.services.following import counts_of
from app.services.room import check_room
from app.storage import own_tasks as store
from app.storage import task_groups
from app.web.api.answers import as_json
from app.web.api.tasks import tasks_answers
from app.web.auth import allows
from app.web.context import runtime
from app.web.once import do_once
from app.web.schemas.fields import Id
from app.web.schemas.task_groups import (
    GroupAnswer,
    GroupRequest,
    PlannedGroupAnswer,
    group_answer,
)

api = APIBlueprint("task_groups", __name__, abp_tags=[Tag(name="Tasks")])


class GroupPath(BaseModel):
    """Which group."""

    group_id: Id


@api.post("/task-groups", responses={202: PlannedGroupAnswer})
@allows()
def start_group(body: GroupRequest) -> Response:
    """Start tasks together, and one for when all of them have ended.

    All of them are started, or none. Some may come after others, by the names that you
    give them in `id`.
    """

    def deed(tx: sa.Connection) -> Any:
        group = body.group()
        follower = [] if group.then is None else [group.then]
        wanted = own_tasks.wanted(tx, [*group.tasks, *follower])
        check_room(tx, runtime(), wanted)
        group_id, ids = own_tasks.start_group(tx, runtime(), group, now=utc_now())
        planned = store.find_many(tx, {ids[wish.id] for wish in group.tasks})
        return {**_answer(tx, group_id), "tasks": tasks_answers(tx, planned)}

    return do_once(deed, status=HTTPStatus.ACCEPTED)


@api.get("/task-groups/<group_id>", responses={200: GroupAnswer})
@allows()
def get_group(path: GroupPath) -> Response:
    """Show how far a group has come; `GET /tasks?group_id=` lists its tasks."""
    with runtime().database.read() as tx:
        return as_json(_answer(tx, path.group_id))


def _answer(tx: sa.Connection, group_id: str) -> dict[str, Any]:
    row = task_groups.find(tx, group_id)
    if row is None:
        raise NotFoundError("group of tasks", group_id)
    return group_answer(row, counts_of(tx, group_id))
