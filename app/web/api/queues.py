"""`/queues`: what waits and why; pause, resume, change and purge while all runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from app.clock import utc_now
from app.services import queues
from app.services.keys import Scope
from app.services.purging import purge
from app.web.api.answers import as_json
from app.web.auth import allows
from app.web.context import caller, runtime
from app.web.once import do_in_steps_once, do_once
from app.web.schemas.fields import Id
from app.web.schemas.notifications import BulkAnswer, bulk_answer
from app.web.schemas.queues import (
    PauseRequest,
    PurgeRequest,
    QueueAnswer,
    QueueRequest,
    QueuesAnswer,
    queue_answer,
)

api = APIBlueprint("queues", __name__, abp_tags=[Tag(name="Queues")])


class QueuePath(BaseModel):
    """Which queue."""

    name: Id


@api.get("/queues", responses={200: QueuesAnswer})
@allows(Scope.SITE)
def list_queues() -> Response:
    """Show every queue: what waits in it, and whether it may leave."""
    found = queues.all_queues(runtime())
    return as_json({"data": [queue_answer(queue) for queue in found]})


@api.patch("/queues/<name>", responses={200: QueueAnswer})
@allows()
def change_queue(path: QueuePath, body: QueueRequest) -> Response:
    """Change values of a queue's policy at once, without another start."""
    return _deed(
        path.name,
        lambda tx: queues.change(
            tx, runtime(), path.name, body.values(), by=caller().name
        ),
    )


@api.post("/queues/<name>/pause", responses={200: QueueAnswer})
@allows()
def pause_queue(path: QueuePath, body: PauseRequest) -> Response:
    """Let nothing out of a queue until a moment, or until somebody resumes it.

    What waits stays as it is, and uses up no attempt; what is being sent is sent.
    """

    def deed(tx: sa.Connection) -> None:
        queues.pause(
            tx,
            runtime(),
            path.name,
            until=body.ends_at(utc_now()),
            by=caller().name,
            reason=body.reason or "",
        )

    return _deed(path.name, deed)


@api.post("/queues/<name>/resume", responses={200: QueueAnswer})
@allows()
def resume_queue(path: QueuePath) -> Response:
    """Let a paused queue go on at once."""
    return _deed(
        path.name,
        lambda tx: queues.resume(tx, runtime(), path.name, by=caller().name),
    )


@api.post("/queues/<name>/purge", responses={200: BulkAnswer})
@allows()
def purge_queue(path: QueuePath, body: PurgeRequest) -> Response:
    """Call off all that waits in a queue, one-time codes too; nothing is deleted.

    `skipped` is what is being sent at this moment.
    """

    def deed() -> Any:
        by, reason = caller().name, body.reason or ""
        return bulk_answer(purge(runtime(), path.name, by=by, reason=reason))

    return do_in_steps_once(deed)


def _deed(name: str, change: Callable[[sa.Connection], None]) -> Response:
    def deed(tx: sa.Connection) -> Any:
        change(tx)
        return queue_answer(queues.one_queue(tx, runtime(), name))

    return do_once(deed)
