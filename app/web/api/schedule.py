"""`/schedule`: when each job runs and how it ended; let one run now."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from app.services import jobs
from app.web.api.answers import as_json
from app.web.context import runtime
from app.web.once import do_once
from app.web.schemas.fields import Id
from app.web.schemas.schedule import (
    JobAnswer,
    ScheduleAnswer,
    job_answer,
    schedule_answer,
)

api = APIBlueprint("schedule", __name__, abp_tags=[Tag(name="Schedule")])


class JobPath(BaseModel):
    """Which job."""

    job: Id


@api.get("/schedule", responses={200: ScheduleAnswer})
def show_schedule() -> Response:
    """Show every scheduled job, and which scheduler leads."""
    return as_json(schedule_answer(jobs.schedule(runtime())))


@api.post("/schedule/<job>/run", responses={202: JobAnswer})
def run_job(path: JobPath) -> Response:
    """Let a job run now, out of turn; one that is running runs again after it ended.

    The scheduler that leads starts it within about a second: `requested_at` is null
    again once it has begun.
    """

    def deed(tx: sa.Connection) -> Any:
        return job_answer(jobs.request_run(tx, runtime(), path.job))

    return do_once(deed, status=HTTPStatus.ACCEPTED)
