"""`/customers`: take one customer's data along, or erase it. For admins alone."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app.clock import utc_now
from app.services import customers
from app.web.api.answers import as_json
from app.web.auth import allows
from app.web.context import runtime
from app.web.once import do_once
from app.web.schemas.customers import (
    CustomerAnswer,
    CustomerQuery,
    CustomerRequest,
    ErasedAnswer,
    erased_answer,
)

api = APIBlueprint("customers", __name__, abp_tags=[Tag(name="Customers")])


@api.get("/customers/export", responses={200: CustomerAnswer})
@allows()
def export_customer(query: CustomerQuery) -> Response:
    """Give all that is kept of a customer: bookings, messages, replies, consents."""
    who = query.who()
    with runtime().database.read() as tx:
        return as_json(customers.export(tx, runtime(), who))


@api.post("/customers/erase", responses={200: ErasedAnswer})
@allows()
def erase_customer(body: CustomerRequest) -> Response:
    """Forget a customer; what is counted and billed stays, and so does an opt-out.

    409 while a booking of theirs is ahead, or something is being sent to them.
    """

    def deed(tx: sa.Connection) -> Any:
        return erased_answer(customers.erase(tx, runtime(), body.who(), now=utc_now()))

    answer = do_once(deed)
    runtime().database.empty_log()
    return answer
