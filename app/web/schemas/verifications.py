"""One-time codes, as requests and answers; the code itself is never answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, StrictStr, StringConstraints

from app.domain.recipients import Channel, normal_email, normal_phone
from app.errors import InvalidError, Problem
from app.services.verifications import Begun, Wanted
from app.web.context import runtime
from app.web.schemas.fields import Line, LocaleName, RequestModel


class VerificationRequest(RequestModel):
    """A code that a site wants sent to an address.

    `visitor`: who asks the site for it, for example by their IP address; each may ask
    for a few an hour.
    """

    channel: Channel
    to: Line
    visitor: Line | None = None
    locale: LocaleName | None = None

    def wanted(self) -> Wanted:
        """Return the wish with its address in the normal form; raise InvalidError."""
        try:
            if self.channel is Channel.EMAIL:
                to = normal_email(self.to)
            else:
                to = normal_phone(self.to, region=runtime().settings.phone_region)
        except ValueError as error:
            raise InvalidError([Problem("to", str(error))]) from None
        return Wanted(
            channel=self.channel, to=to, visitor=self.visitor, locale=self.locale
        )


class CheckRequest(RequestModel):
    """What somebody typed in; spaces do not matter."""

    code: Annotated[StrictStr, StringConstraints(min_length=1, max_length=20)]


class VerificationAnswer(BaseModel):
    """A code that is on its way."""

    id: str
    expires_at: datetime


class CheckAnswer(BaseModel):
    """Whether it was the code; each is right once, and may be wrong a few times."""

    verified: bool


def verification_answer(begun: Begun) -> dict[str, Any]:
    """Write what a site must know to have it checked."""
    return {"id": begun.id, "expires_at": begun.expires_at}
