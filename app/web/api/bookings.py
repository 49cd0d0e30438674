"""`/bookings`: book, pay, confirm, move, cancel and close an appointment."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from flask import Response, abort
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from app.clock import utc_now
from app.domain.bookings import Booking, BookingStatus
from app.services import bookings, payments
from app.services.keys import Scope
from app.storage import booking_lists
from app.web.api.answers import as_json, bookings_answers, one_booking_answer
from app.web.auth import allows
from app.web.context import caller, runtime
from app.web.once import do_once
from app.web.schemas.bookings import (
    BookingAnswer,
    BookingRequest,
    BookingsAnswer,
    BookingsQuery,
    ManualRequest,
    ReasonRequest,
    RescheduleRequest,
    VerifyPaymentRequest,
)
from app.web.schemas.fields import Id
from app.web.schemas.lists import id_cursor

api = APIBlueprint("bookings", __name__, abp_tags=[Tag(name="Bookings")])


class BookingPath(BaseModel):
    """Which booking."""

    booking_id: Id


@api.post("/bookings", responses={201: BookingAnswer})
@allows(Scope.SITE, Scope.PUBLIC)
def create_booking(body: BookingRequest) -> Response:
    """Book: takes the places; free of charge it is confirmed at once.

    Answers 409 with `alternatives` where there are too few places.
    """

    def deed(tx: sa.Connection) -> Any:
        booking = bookings.create(tx, runtime(), body.wish(), now=utc_now())
        return one_booking_answer(tx, booking)

    return do_once(deed, status=HTTPStatus.CREATED)


@api.get("/bookings", responses={200: BookingsAnswer})
@allows(Scope.SITE)
def list_bookings(query: BookingsQuery) -> Response:
    """List bookings, the newest first.

    One request looks at some thousands of them. Where a filter suits few, a page may
    hold fewer than `limit`, or none; the list ends only where `next_cursor` is null.
    """
    chosen = booking_lists.Filter(
        status=query.status,
        first=query.from_,
        last=query.to,
        customer=query.customer,
        q=query.q,
    )
    after = id_cursor(query.cursor)
    with runtime().database.read() as tx:
        found = booking_lists.look(tx, chosen, after=after, limit=query.limit)
        rows = bookings_answers(tx, found.rows)
    return as_json({"data": rows, "next_cursor": found.next})


@api.get("/bookings/<booking_id>", responses={200: BookingAnswer})
@allows(Scope.SITE)
def get_booking(path: BookingPath) -> Response:
    """Show one booking."""
    with runtime().database.read() as tx:
        booking = bookings.find(tx, path.booking_id)
        return as_json(one_booking_answer(tx, booking))


@api.post("/bookings/<booking_id>/verify-payment", responses={200: BookingAnswer})
@allows(Scope.SITE)
def verify_payment(path: BookingPath, body: VerifyPaymentRequest) -> Response:
    """Confirm a booking by the proof of its payment.

    A second identical call answers 200 and sends nothing twice; a wrong signature is
    400 and changes nothing.
    """
    proof = body.root
    if isinstance(proof, ManualRequest) and caller().scope is not Scope.ADMIN:
        abort(HTTPStatus.FORBIDDEN, "A manual payment needs a key of scope `admin`.")

    def pay(tx: sa.Connection, booking: Booking) -> Booking:
        now = utc_now()
        if isinstance(proof, ManualRequest):
            manual = proof.proof()
            return payments.verify_manual(tx, runtime(), booking, manual, now=now)
        razorpay = proof.proof()
        return payments.verify_razorpay(tx, runtime(), booking, razorpay, now=now)

    return _change(path, pay)


@api.post("/bookings/<booking_id>/confirm", responses={200: BookingAnswer})
@allows(Scope.SITE)
def confirm_booking(path: BookingPath, body: ReasonRequest) -> Response:  # noqa: ARG001 - a reason may come with every move
    """Confirm a booking without a payment; its customer is told."""
    return _change(
        path, lambda tx, it: bookings.confirm(tx, runtime(), it, now=utc_now())
    )


@api.post("/bookings/<booking_id>/cancel", responses={200: BookingAnswer})
@allows(Scope.SITE)
def cancel_booking(path: BookingPath, body: ReasonRequest) -> Response:
    """Cancel a booking; its customer is told, with the reason."""
    reason = body.reason or ""
    return _change(
        path,
        lambda tx, it: bookings.cancel(tx, runtime(), it, now=utc_now(), reason=reason),
    )


@api.post("/bookings/<booking_id>/reschedule", responses={200: BookingAnswer})
@allows(Scope.SITE)
def reschedule_booking(path: BookingPath, body: RescheduleRequest) -> Response:
    """Move a booking to another time; its customer is told the old and the new one."""
    return _change(
        path,
        lambda tx, it: bookings.reschedule(
            tx,
            runtime(),
            it,
            start=body.start,
            now=utc_now(),
            reason=body.reason or "",
        ),
    )


@api.post("/bookings/<booking_id>/complete", responses={200: BookingAnswer})
@allows(Scope.SITE)
def complete_booking(path: BookingPath, body: ReasonRequest) -> Response:
    """Note that the customer was there."""
    return _close(path, body, to=BookingStatus.COMPLETED)


@api.post("/bookings/<booking_id>/no-show", responses={200: BookingAnswer})
@allows(Scope.SITE)
def note_no_show(path: BookingPath, body: ReasonRequest) -> Response:
    """Note that the customer did not come."""
    return _close(path, body, to=BookingStatus.NO_SHOW)


def _close(path: BookingPath, body: ReasonRequest, *, to: BookingStatus) -> Response:
    return _change(
        path,
        lambda tx, it: bookings.change_status(
            tx, runtime(), it, to=to, now=utc_now(), reason=body.reason or ""
        ),
    )


def _change(
    path: BookingPath, deed: Callable[[sa.Connection, Booking], Booking]
) -> Response:
    def change(tx: sa.Connection) -> Any:
        booking = bookings.find(tx, path.booking_id, lock=True)
        return one_booking_answer(tx, deed(tx, booking))

    return do_once(change)
