"""`/consents`: who agreed to be written to, or wants no more of it, and the proof."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app.clock import utc_now
from app.domain.consent import Action
from app.services import consent
from app.services.keys import Scope
from app.services.pseudonyms import writings
from app.storage import consent as store
from app.web.api.answers import as_json
from app.web.auth import allows
from app.web.context import runtime
from app.web.once import do_once
from app.web.schemas.consents import (
    ConsentRequest,
    ConsentsAnswer,
    ConsentsQuery,
    StandingAnswer,
    consent_answer,
    standing_answer,
    suppression_answer,
)
from app.web.schemas.lists import id_cursor, page_answer

api = APIBlueprint("consents", __name__, abp_tags=[Tag(name="Consents")])


@api.get("/consents", responses={200: ConsentsAnswer})
@allows()
def list_consents(query: ConsentsQuery) -> Response:
    """List the ledger of an address, and what it is not sent today."""
    before = id_cursor(query.cursor)
    addresses = writings(runtime().settings, query.address)
    with runtime().database.read() as tx:
        rows = store.ledger(
            tx, addresses=addresses, before=before, limit=query.limit + 1
        )
        suppressed = store.suppressions_of(tx, addresses=addresses)
    page = page_answer(
        [consent_answer(row) for row in rows],
        limit=query.limit,
        cursors=[row["id"] for row in rows],
    )
    return as_json({**page, "suppressed": list(map(suppression_answer, suppressed))})


@api.post("/consents", responses={200: StandingAnswer})
@allows(Scope.SITE)
def record_consent(body: ConsentRequest) -> Response:
    """Record that somebody agreed to be written to, or wants no more of it.

    It is obeyed from then on, also of what waits already. Answers what holds now.
    """

    def deed(tx: sa.Connection) -> Any:
        said = body.said()
        if body.action is Action.WITHDRAWN:
            consent.opt_out(tx, runtime(), said, scope=body.scope, now=utc_now())
        else:
            consent.opt_in(tx, runtime(), said, now=utc_now())
        holds = consent.is_suppressed(
            tx, runtime(), channel=said.channel, address=said.address
        )
        return standing_answer(said, holds)

    return do_once(deed)
