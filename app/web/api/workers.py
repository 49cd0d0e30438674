"""`/workers`: who works, and on what."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app.services import at_work
from app.web.api.answers import as_json
from app.web.auth import allows
from app.web.context import runtime
from app.web.schemas.workers import WorkersAnswer, worker_answer

api = APIBlueprint("workers", __name__, abp_tags=[Tag(name="Workers")])


@api.get("/workers", responses={200: WorkersAnswer})
@allows()
def list_workers() -> Response:
    """Show every worker, when it was last heard of, and what it has in hand."""
    found = at_work.all_workers(runtime())
    return as_json({"data": [worker_answer(worker) for worker in found]})
