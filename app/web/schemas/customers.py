"""Which customer is meant, and what became of their data."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel

from app.errors import InvalidError, Problem
from app.services.customers import Erased, Who
from app.web.schemas.fields import Email, Phone, QueryModel, RequestModel


class CustomerRequest(RequestModel):
    """A customer, by an e-mail address, a phone number or both."""

    email: Email | None = None
    phone: Phone | None = None

    def who(self) -> Who:
        """Return it in the house's own words; InvalidError where nobody is named."""
        if not (self.email or self.phone):
            message = "is needed, or a phone number, to know whom you mean"
            raise InvalidError([Problem("email", message)])
        return Who(email=self.email, phone=self.phone)


class CustomerQuery(CustomerRequest, QueryModel):
    """The same behind the `?` of a URL."""


class CustomerAnswer(BaseModel):
    """All rows that tell of a customer, as they are kept, by what they are."""

    bookings: list[dict[str, Any]]
    payments: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    attempts: list[dict[str, Any]]
    inbox: list[dict[str, Any]]
    events: list[dict[str, Any]]
    consents: list[dict[str, Any]]
    suppressions: list[dict[str, Any]]
    tasks: list[dict[str, Any]]


class ErasedAnswer(BaseModel):
    """How many rows have forgotten a customer.

    `also_known_as`: addresses, masked, that the same bookings had. What is known under
    them alone is still there: erase these too, if they are the same person's.
    """

    bookings: int
    messages: int
    inbox: int
    tasks: int
    also_known_as: list[str]


def erased_answer(erased: Erased) -> dict[str, Any]:
    """Write what was erased."""
    return asdict(erased)
