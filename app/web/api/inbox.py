"""`/inbox`: what customers wrote back, and what waits for a person; for admins."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from app.clock import utc_now
from app.domain.inbound import InboxState
from app.services import inbox
from app.storage import inbox as store
from app.web.api.answers import as_json
from app.web.auth import allows
from app.web.context import runtime
from app.web.once import do_once
from app.web.schemas.fields import Id
from app.web.schemas.inbox import (
    InboxAnswer,
    InboxPageAnswer,
    InboxQuery,
    inbox_answer,
)
from app.web.schemas.lists import id_cursor, page_answer

api = APIBlueprint("inbox", __name__, abp_tags=[Tag(name="Inbox")])


class EntryPath(BaseModel):
    """Which message."""

    entry_id: Id


@api.get("/inbox", responses={200: InboxPageAnswer})
@allows()
def list_inbox(query: InboxQuery) -> Response:
    """List what customers wrote, the newest first."""
    before = id_cursor(query.cursor)
    states = list(InboxState) if query.state is None else [query.state]
    with runtime().database.read() as tx:
        rows = store.page(tx, states=states, before=before, limit=query.limit + 1)
    page = page_answer(
        [inbox_answer(row) for row in rows],
        limit=query.limit,
        cursors=[row["id"] for row in rows],
    )
    return as_json(page)


@api.post("/inbox/<entry_id>/done", responses={200: InboxAnswer})
@allows()
def finish_entry(path: EntryPath) -> Response:
    """Say that a person has dealt with a message."""

    def deed(tx: sa.Connection) -> Any:
        return inbox_answer(inbox.done(tx, path.entry_id, now=utc_now()))

    return do_once(deed)
