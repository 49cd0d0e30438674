"""`/tasks`: start tasks of one's own, look at them, wait for them, move them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from app.clock import utc_now
from app.services import own_tasks, patience
from app.services.room import check_room
from app.storage import messages, own_task_lists
from app.storage import own_tasks as store
from app.web.api.answers import as_json
from app.web.auth import allows
from app.web.context import runtime
from app.web.once import do_once
from app.web.schemas.fields import Id
from app.web.schemas.lists import id_cursor
from app.web.schemas.task_requests import TaskRequest
from app.web.schemas.tasks import (
    OneTaskAnswer,
    TaskAnswer,
    TasksAnswer,
    TasksQuery,
    WaitQuery,
    task_answer,
)

api = APIBlueprint("tasks", __name__, abp_tags=[Tag(name="Tasks")])


class TaskPath(BaseModel):
    """Which task."""

    task_id: Id


@api.post("/tasks", responses={202: TaskAnswer})
@allows()
def start_task(body: TaskRequest) -> Response:
    """Start a task of a kind that a file in `actors/` declares.

    The same `dedupe_key` starts nothing new and answers with what was started before.
    """

    def deed(tx: sa.Connection) -> Any:
        wish = body.wish()
        check_room(tx, runtime(), own_tasks.wanted(tx, [wish]))
        task_id = own_tasks.insert_task(tx, runtime(), wish, now=utc_now())
        return tasks_answers(tx, [own_tasks.find(tx, task_id)])[0]

    return do_once(deed, status=HTTPStatus.ACCEPTED)


@api.get("/tasks", responses={200: TasksAnswer})
@allows()
def list_tasks(query: TasksQuery) -> Response:
    """List tasks, the newest first.

    One request looks at some thousands of them. Where a filter suits few, a page may
    hold fewer than `limit`, or none; the list ends only where `next_cursor` is null.
    """
    after = id_cursor(query.cursor)
    with runtime().database.read() as tx:
        found = own_task_lists.look(tx, query.filter(), after=after, limit=query.limit)
        rows = tasks_answers(tx, found.rows)
    return as_json({"data": rows, "next_cursor": found.next})


@api.get("/tasks/<task_id>", responses={200: OneTaskAnswer})
@allows()
def get_task(path: TaskPath, query: WaitQuery) -> Response:
    """Show one task with its runs; with `wait` once it has ended, or after so long.

    Only a few may wait at a time: whoever comes then is answered at once.
    """
    if query.wait:
        patience.wait_for_end(runtime(), path.task_id, within_s=query.wait)
    with runtime().database.read() as tx:
        return as_json(_one_answer(tx, own_tasks.find(tx, path.task_id)))


@api.post("/tasks/<task_id>/retry", responses={200: OneTaskAnswer})
@allows()
def retry_task(path: TaskPath) -> Response:
    """Run a failed or dead task again; its quick retries start anew."""
    return _move(path, own_tasks.retry)


@api.post("/tasks/<task_id>/cancel", responses={200: OneTaskAnswer})
@allows()
def cancel_task(path: TaskPath) -> Response:
    """Call a task off, and what was to follow it; 409 when it is too late."""
    return _move(path, own_tasks.cancel)


def tasks_answers(
    tx: sa.Connection, rows: Sequence[sa.RowMapping]
) -> list[dict[str, Any]]:
    """Write tasks with those that they come after."""
    afters = store.afters(tx, [row["id"] for row in rows])
    return [task_answer(row, after=afters[row["id"]]) for row in rows]


def _move(path: TaskPath, move: Callable[..., sa.RowMapping]) -> Response:
    def deed(tx: sa.Connection) -> Any:
        return _one_answer(tx, move(tx, runtime(), path.task_id, now=utc_now()))

    return do_once(deed)


def _one_answer(tx: sa.Connection, row: sa.RowMapping) -> dict[str, Any]:
    return task_answer(
        row,
        after=store.afters(tx, [row["id"]])[row["id"]],
        attempts=messages.attempts_of(tx, row["id"]),
    )
