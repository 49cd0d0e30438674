"""`/costs`: what messages have cost, and how the budget stands."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app.clock import utc_now
from app.services import cost_reports
from app.web.api.answers import as_json
from app.web.auth import allows
from app.web.context import runtime
from app.web.schemas.costs import CostsAnswer, CostsQuery, costs_answer

api = APIBlueprint("costs", __name__, abp_tags=[Tag(name="Costs")])


@api.get("/costs", responses={200: CostsAnswer})
@allows()
def get_costs(query: CostsQuery) -> Response:
    """Add up what messages have cost, by day, channel, kind or provider.

    Days are the business's own. What has no price (e-mail, previews) is not counted.
    """
    with runtime().database.read() as tx:
        found = cost_reports.report(
            tx,
            runtime(),
            by=query.by,
            first=query.from_,
            last=query.to,
            now=utc_now(),
        )
    return as_json(costs_answer(found))
