"""`/verifications`: one-time codes for whoever must prove an address; never twice."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from app.clock import utc_now
from app.errors import TooManyCodesError
from app.services import dispatch, verifications
from app.services.keys import Scope
from app.web.auth import allows
from app.web.context import runtime
from app.web.once import do_once
from app.web.schemas.fields import Id
from app.web.schemas.verifications import (
    CheckAnswer,
    CheckRequest,
    VerificationAnswer,
    VerificationRequest,
    verification_answer,
)

api = APIBlueprint("verifications", __name__, abp_tags=[Tag(name="One-time codes")])


class VerificationPath(BaseModel):
    """Which code."""

    verification_id: Id


@api.post("/verifications", responses={202: VerificationAnswer})
@allows(Scope.SITE)
def begin(body: VerificationRequest) -> Response:
    """Send a code of six digits, which holds for ten minutes.

    One a minute to the same address; a new one makes the earlier one void. Too many are
    answered with 429 and Retry-After.
    """
    wanted = body.wanted()

    def deed(tx: sa.Connection) -> Any:
        begun = verifications.begin(tx, runtime(), wanted, now=utc_now())
        return verification_answer(begun)

    try:
        return do_once(deed, status=HTTPStatus.ACCEPTED)
    except TooManyCodesError as error:
        if error.is_attack:
            # What was planned is undone; this is to last.
            dispatch.perform(
                runtime(),
                lambda tx: verifications.stop_codes(
                    tx, runtime(), wanted.channel, now=utc_now()
                ),
            )
        raise


@api.post("/verifications/<verification_id>/check", responses={200: CheckAnswer})
@allows(Scope.SITE)
def check(path: VerificationPath, body: CheckRequest) -> Response:
    """Tell whether this is the code: right once, and wrong five times at most."""
    code = "".join(body.code.split())

    def deed(tx: sa.Connection) -> Any:
        verified = verifications.check(
            tx, runtime(), path.verification_id, code, now=utc_now()
        )
        return {"verified": verified}

    return do_once(deed)
