"""`/notifications`: send, look at, retry and cancel messages, one or many."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from app.clock import utc_now
from app.errors import InvalidError, Problem
from app.services import notifications, orders
from app.services.keys import Scope
from app.services.notifications import BulkResult, Deed
from app.storage import messages
from app.web.api.answers import as_json
from app.web.auth import allows
from app.web.context import house, runtime
from app.web.once import do_once
from app.web.schemas.fields import Id
from app.web.schemas.lists import seq_cursor
from app.web.schemas.notifications import (
    BulkAnswer,
    FilterRequest,
    NotificationRequest,
    NotificationsAnswer,
    NotificationsQuery,
    OneNotificationAnswer,
    PlannedAnswer,
    bulk_answer,
    notification_answer,
)

api = APIBlueprint("notifications", __name__, abp_tags=[Tag(name="Notifications")])


class NotificationPath(BaseModel):
    """Which notification."""

    notification_id: Id


@api.post("/notifications", responses={202: PlannedAnswer})
@allows(Scope.SITE)
def send_notification(body: NotificationRequest) -> Response:
    """Send a message, one a channel: all that a site with its own bookings needs.

    The same `dedupe_key` plans nothing new and answers with what was planned before;
    with other words it is refused (409).
    """

    def deed(tx: sa.Connection) -> Any:
        rows = orders.send(
            tx, runtime(), body.order(), wording=house().wording, now=utc_now()
        )
        return {"data": [notification_answer(row) for row in rows]}

    return do_once(deed, status=HTTPStatus.ACCEPTED)


@api.get("/notifications", responses={200: NotificationsAnswer})
@allows(Scope.SITE)
def list_notifications(query: NotificationsQuery) -> Response:
    """List notifications, the newest first.

    One request looks at some thousands of them. Where a filter suits few, a page may
    hold fewer than `limit`, or none; the list ends only where `next_cursor` is null.
    """
    after = seq_cursor(query.cursor)
    with runtime().database.read() as tx:
        found = messages.look(tx, query.filter(), after=after, limit=query.limit)
    return as_json(
        {
            "data": [notification_answer(row) for row in found.rows],
            "next_cursor": None if found.next is None else str(found.next),
        }
    )


@api.get("/notifications/<notification_id>", responses={200: OneNotificationAnswer})
@allows(Scope.SITE)
def get_notification(path: NotificationPath) -> Response:
    """Show one notification with its attempts."""
    with runtime().database.read() as tx:
        row = notifications.find(tx, path.notification_id)
        attempts = messages.attempts_of(tx, path.notification_id)
    return as_json(notification_answer(row, attempts))


@api.post(
    "/notifications/<notification_id>/retry", responses={200: OneNotificationAnswer}
)
@allows(Scope.SITE)
def retry_notification(path: NotificationPath) -> Response:
    """Try a failed or dead notification again; its quick retries start anew."""
    return _move(path, notifications.retry)


@api.post(
    "/notifications/<notification_id>/cancel", responses={200: OneNotificationAnswer}
)
@allows(Scope.SITE)
def cancel_notification(path: NotificationPath) -> Response:
    """Call a notification off that has not left; 409 when it is too late."""
    return _move(path, notifications.cancel)


@api.post("/notifications/retry", responses={200: BulkAnswer})
@allows(Scope.SITE)
def retry_notifications(body: FilterRequest) -> Response:
    """Retry every notification that the filter chooses, where that is possible."""
    return _move_all(body, notifications.retry_all)


@api.post("/notifications/cancel", responses={200: BulkAnswer})
@allows(Scope.SITE)
def cancel_notifications(body: FilterRequest) -> Response:
    """Call off every notification that the filter chooses, where that is possible."""
    return _move_all(body, notifications.cancel_all)


def _move(path: NotificationPath, move: Deed) -> Response:
    def deed(tx: sa.Connection) -> Any:
        row = move(tx, path.notification_id, now=utc_now())
        attempts = messages.attempts_of(tx, path.notification_id)
        return notification_answer(row, attempts)

    return do_once(deed)


def _move_all(body: FilterRequest, move: Callable[..., BulkResult]) -> Response:
    def deed(tx: sa.Connection) -> Any:
        chosen = body.filter()
        if chosen == messages.Filter():
            message = "give at least one: all notifications at once is a mistake"
            raise InvalidError([Problem("filter", message)])
        return bulk_answer(move(tx, chosen, now=utc_now()))

    return do_once(deed)
