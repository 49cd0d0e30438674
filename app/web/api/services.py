"""`/services`: what can be booked, and when it is free."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from app.clock import utc_now
from app.domain.catalogue import Service
from app.errors import InvalidError, Problem
from app.services import availability, catalogue
from app.services.keys import Scope
from app.storage import catalogue as store
from app.web.api.answers import as_json
from app.web.auth import allows
from app.web.context import runtime
from app.web.once import do_once
from app.web.schemas.fields import Id
from app.web.schemas.lists import PageQuery, id_cursor, page_answer
from app.web.schemas.services import (
    AvailabilityQuery,
    OffersAnswer,
    ServiceAnswer,
    ServiceChange,
    ServiceRequest,
    ServicesAnswer,
    offer_answer,
    service_answer,
)

api = APIBlueprint("services", __name__, abp_tags=[Tag(name="Services")])

#: Availability is told for at most so long at once, and for a day where not said.
LONGEST_WINDOW = timedelta(days=31)
USUAL_WINDOW = timedelta(days=1)


class ServicePath(BaseModel):
    """Which service."""

    service_id: Id


@api.get("/services", responses={200: ServicesAnswer})
@allows(Scope.SITE)
def list_services(query: PageQuery) -> Response:
    """List services, the oldest first."""
    after = id_cursor(query.cursor)
    with runtime().database.read() as tx:
        found = store.page(tx, after=after, limit=query.limit + 1)
    rows = [service_answer(service) for service in found]
    cursors = [service.id for service in found]
    return as_json(page_answer(rows, limit=query.limit, cursors=cursors))


@api.post("/services", responses={201: ServiceAnswer})
@allows()
def create_service(body: ServiceRequest) -> Response:
    """Offer a service."""

    def deed(tx: sa.Connection) -> Any:
        wish = body.wish()
        return service_answer(catalogue.create(tx, wish, now=utc_now()))

    return do_once(deed, status=HTTPStatus.CREATED)


@api.get("/services/<service_id>", responses={200: ServiceAnswer})
@allows(Scope.SITE)
def get_service(path: ServicePath) -> Response:
    """Show one service."""
    return as_json(service_answer(_find(path.service_id)))


@api.patch("/services/<service_id>", responses={200: ServiceAnswer})
@allows()
def change_service(path: ServicePath, body: ServiceChange) -> Response:
    """Change a service; bookings that exist stay as they are."""

    def deed(tx: sa.Connection) -> Any:
        changes = body.changes()
        changed = catalogue.change(tx, path.service_id, changes, now=utc_now())
        return service_answer(changed)

    return do_once(deed)


@api.get("/services/<service_id>/availability", responses={200: OffersAnswer})
@allows(Scope.SITE, Scope.PUBLIC)
def get_availability(path: ServicePath, query: AvailabilityQuery) -> Response:
    """List the free starts of a service, with the places each has left."""
    now = utc_now()
    first = query.from_ or now.replace(minute=0, second=0, microsecond=0)
    last = query.to or first + USUAL_WINDOW
    if not first < last <= first + LONGEST_WINDOW:
        message = f"must be after `from`, by {LONGEST_WINDOW.days} days at most"
        raise InvalidError([Problem("to", message)])
    service = _find(path.service_id)
    with runtime().database.read() as tx:
        free = availability.free_starts(tx, service, window=(first, last), now=now)
    return as_json({"data": [offer_answer(offer) for offer in free]})


def _find(service_id: str) -> Service:
    with runtime().database.read() as tx:
        return catalogue.find(tx, service_id)
