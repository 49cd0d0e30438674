"""The consent ledger, as requests and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel

from app.domain.consent import Action, How, OptOut, Said, Scope
from app.domain.recipients import Channel
from app.errors import InvalidError, Problem
from app.web.schemas.fields import Address, Email, Id, Phone, RequestModel, Text
from app.web.schemas.lists import PageQuery


class ConsentRequest(RequestModel):
    """A consent that was given to the business, or withdrawn, elsewhere.

    `words`: what the customer agreed to, or wrote. `evidence`: where the proof is kept.
    `scope`: of a withdrawal, whether what must be known (a confirmation) still goes.
    `how`: `staff` where a person was told, `api` where the customer did it on the site.
    """

    channel: Channel
    email: Email | None = None
    phone: Phone | None = None
    action: Action
    scope: Scope = Scope.ALL
    words: Text = ""
    evidence: Id | None = None
    how: Literal["api", "staff"] = "api"

    def said(self) -> Said:
        """Return it in the house's own words; InvalidError without an address."""
        is_mail = self.channel is Channel.EMAIL
        address = self.email if is_mail else self.phone
        if not address:
            message = f"is needed for {self.channel}"
            raise InvalidError([Problem("email" if is_mail else "phone", message)])
        return Said(
            channel=self.channel,
            address=address,
            how=How(self.how),
            words=self.words,
            evidence=self.evidence,
        )


class ConsentsQuery(PageQuery):
    """Whose ledger: an e-mail address or a phone number."""

    address: Address


class ConsentAnswer(BaseModel):
    """A line of the ledger: who said what about which channel, when and how."""

    id: str
    channel: Channel
    address: str
    action: Action
    scope: Scope
    at: datetime
    how: How
    words: str
    evidence: str | None


class SuppressionAnswer(BaseModel):
    """A channel on which an address is sent nothing, or only what must be known."""

    channel: Channel
    scope: Scope
    since: datetime
    reason: str


class StandingAnswer(BaseModel):
    """What an address is sent on a channel now; null: everything."""

    channel: Channel
    address: str
    suppressed: SuppressionAnswer | None


class ConsentsAnswer(BaseModel):
    """A page of an address's ledger, the newest line first, and what holds today."""

    data: list[ConsentAnswer]
    next_cursor: str | None
    suppressed: list[SuppressionAnswer]


def consent_answer(row: sa.RowMapping) -> dict[str, Any]:
    """Write a line of the ledger."""
    return {name: row[name] for name in ConsentAnswer.model_fields}


def suppression_answer(row: sa.RowMapping) -> dict[str, Any]:
    """Write what an address is not sent."""
    return {name: row[name] for name in SuppressionAnswer.model_fields}


def standing_answer(said: Said, holds: OptOut | None) -> dict[str, Any]:
    """Write what an address is sent now."""
    suppressed = holds and {
        "channel": said.channel,
        "scope": holds.scope,
        "since": holds.since,
        "reason": holds.reason,
    }
    return {
        "channel": said.channel,
        "address": said.address,
        "suppressed": suppressed,
    }
