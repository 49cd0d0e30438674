"""Services on offer, as requests and answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, StrictBool, StrictInt, StrictStr

from app.domain.availability import Offer
from app.domain.catalogue import Service
from app.policy import parse_duration
from app.services.catalogue import Wish
from app.web.schemas.fields import (
    Count,
    Minutes,
    MomentField,
    MoneyField,
    QueryModel,
    RequestModel,
    Told,
    money_answer,
)

#: A reminder leaves so long before the start: what is longer is a slip of the pen.
_SHORTEST = timedelta(minutes=1)
_LONGEST = timedelta(days=366)


def _before(value: str) -> str:
    try:
        told = parse_duration(value)
    except OverflowError:
        told = timedelta.max
    if not _SHORTEST <= told <= _LONGEST:
        raise ValueError("must be from a minute to a year, for example 24h")
    return value


_Before = Annotated[
    StrictStr,
    Field(max_length=20, examples=["24h", "2h"]),
    AfterValidator(_before),
]
_Duration = Annotated[StrictInt, Field(ge=1, le=60 * 24 * 7)]
_Reminders = Annotated[list[_Before], Field(max_length=10)]


#: What a service calls the fields that requests give in minutes.
_NAMES = {"duration_minutes": "duration", "buffer_minutes": "buffer"}


class ServiceRequest(RequestModel):
    """A service to offer. `price` null: free. `reminders` null: as the policy says."""

    name: Told
    duration_minutes: _Duration
    capacity: Count = 1
    price: MoneyField | None = None
    buffer_minutes: Minutes = 0
    active: StrictBool = True
    reminders: _Reminders | None = None

    def wish(self) -> Wish:
        """Return the wish in the house's own words."""
        return Wish(
            name=self.name,
            capacity=self.capacity,
            active=self.active,
            duration=timedelta(minutes=self.duration_minutes),
            buffer=timedelta(minutes=self.buffer_minutes),
            price=self.price.money() if self.price else None,
            reminders=_rungs(self.reminders),
        )


class ServiceChange(RequestModel):
    """What is to be changed of a service; bookings that exist stay as they are."""

    # Only what is given is changed; of these only `price` and `reminders` may be null.
    name: Told = ""
    duration_minutes: _Duration = 0
    capacity: Count = 0
    price: MoneyField | None = None
    buffer_minutes: Minutes = 0
    active: StrictBool = True
    reminders: _Reminders | None = None

    def changes(self) -> dict[str, Any]:
        """Return what was given, in the house's own words."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        if "price" in given:
            given["price"] = self.price.money() if self.price else None
        if "reminders" in given:
            given["reminders"] = _rungs(self.reminders)
        for name, own_name in _NAMES.items():
            if name in given:
                given[own_name] = timedelta(minutes=given.pop(name))
        return given


def _rungs(reminders: list[str] | None) -> tuple[timedelta, ...] | None:
    return None if reminders is None else tuple(map(parse_duration, reminders))


class ServiceAnswer(BaseModel):
    """A service as it is."""

    id: str
    name: str
    duration_minutes: int
    capacity: int
    price: MoneyField | None
    buffer_minutes: int
    active: bool
    reminders: list[str] | None
    created_at: datetime
    updated_at: datetime


class ServicesAnswer(BaseModel):
    """A page of services."""

    data: list[ServiceAnswer]
    next_cursor: str | None


class AvailabilityQuery(QueryModel):
    """From when until when (at most 31 days); from now for a day where not given."""

    from_: Annotated[MomentField | None, Field(alias="from")] = None
    to: MomentField | None = None


class OfferAnswer(BaseModel):
    """A free start and the places it has left."""

    start: datetime
    places_left: int


class OffersAnswer(BaseModel):
    """Free starts, the soonest first."""

    data: list[OfferAnswer]


def service_answer(service: Service) -> dict[str, Any]:
    """Write a service."""
    minute = timedelta(minutes=1)
    reminders = service.reminders
    return {
        "id": service.id,
        "name": service.name,
        "duration_minutes": service.duration // minute,
        "capacity": service.capacity,
        "price": money_answer(service.price),
        "buffer_minutes": service.buffer // minute,
        "active": service.active,
        "reminders": None
        if reminders is None
        else [_as_written(before) for before in reminders],
        "created_at": service.created_at,
        "updated_at": service.updated_at,
    }


def _as_written(before: timedelta) -> str:
    minutes = before // timedelta(minutes=1)
    return f"{minutes}m" if minutes % 60 else f"{minutes // 60}h"


def offer_answer(offer: Offer) -> dict[str, Any]:
    """Write a free start."""
    return {"start": offer.start, "places_left": offer.places_left}
