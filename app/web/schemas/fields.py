"""The fields that requests share: strict about types, kind about spelling.

Numbers must be JSON numbers and texts JSON strings; texts lose the space around them
and may hold no control characters (which databases and mail headers choke on).
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Annotated, Any

from babel import Locale, UnknownLocaleError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
    StringConstraints,
    WithJsonSchema,
)

from app.config.types import time_zone
from app.domain.moments import read_moment
from app.domain.money import MAX_AMOUNT, Money
from app.domain.recipients import normal_email, normal_phone
from app.web.context import runtime

#: Line breaks and tabs are welcome in long texts.
_ALLOWED_CONTROLS = frozenset("\n\r\t")
#: The largest whole number that every JSON reader takes exactly.
LARGEST_INTEGER = 2**53


class RequestModel(BaseModel):
    """The base of every body: an unknown field is a mistake, not a wish ignored."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class QueryModel(RequestModel):
    """The base of what may stand behind the `?` of a URL."""

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the schema, which flask_openapi3 asks for at every request (1 ms)."""
        if args or options:
            return super().model_json_schema(*args, **options)
        if cls not in _query_schemas:
            _query_schemas[cls] = super().model_json_schema()
        return _query_schemas[cls]


_query_schemas: dict[type[QueryModel], dict[str, Any]] = {}


def clean(value: str) -> str:
    """Return the text; raise ValueError for one with control characters."""
    for letter in value:
        if unicodedata.category(letter) == "Cc" and letter not in _ALLOWED_CONTROLS:
            raise ValueError("may not hold control characters")
    return value


def _one_line(value: str) -> str:
    if any(letter in _ALLOWED_CONTROLS for letter in value):
        raise ValueError("must be on one line")
    return value


def _no_encoded_word(value: str) -> str:
    # Mail programs decode it, and so might a header's parser: a line break hidden in a
    # name would add a header of its own (CVE-2024-6923).
    if "=?" in value:
        raise ValueError("may not hold =?, an encoded word of e-mail")
    return value


def _phone(value: str) -> str:
    return normal_phone(value, region=runtime().settings.phone_region)


def _address(value: str) -> str:
    """Return an address as it is kept; what is none is looked for as it stands."""
    try:
        return normal_email(value) if "@" in value else _phone_in_url(value)
    except ValueError:
        return value


def _phone_in_url(value: str) -> str:
    # In a URL an unescaped + is a space, which the field's own trimming takes away.
    try:
        return _phone(value)
    except ValueError:
        return _phone(f"+{value}")


def _locale(value: str) -> str:
    try:
        return str(Locale.parse(value.replace("-", "_")))
    except (ValueError, UnknownLocaleError):
        raise ValueError("is not a known locale; write en, es or de-AT") from None


def _metadata(value: dict[str, Any]) -> dict[str, Any]:
    _check_json(value, depth=0)
    return value


def _check_json(value: Any, *, depth: int) -> None:
    if depth > 8:
        raise ValueError("may be nested 8 deep at most")
    if isinstance(value, dict):
        for key, inner in value.items():
            clean(key)
            _check_json(inner, depth=depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check_json(inner, depth=depth + 1)
    elif isinstance(value, str):
        clean(value)
    elif isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise ValueError("may hold whole numbers up to 2**53; write larger as text")


Line = Annotated[
    StrictStr,
    StringConstraints(min_length=1, max_length=200),
    AfterValidator(clean),
    AfterValidator(_one_line),
]
#: A line that customers read, so that it may stand in an e-mail's subject.
Told = Annotated[Line, AfterValidator(_no_encoded_word)]
Text = Annotated[StrictStr, StringConstraints(max_length=4000), AfterValidator(clean)]
#: An id of ours, in a path or a filter.
Id = Annotated[
    StrictStr,
    StringConstraints(max_length=100),
    AfterValidator(clean),
    AfterValidator(_one_line),
]
#: What is searched for: some letters, or an address of a customer.
Words = Annotated[
    StrictStr,
    StringConstraints(min_length=1, max_length=100),
    AfterValidator(clean),
    AfterValidator(_one_line),
]
Address = Annotated[
    StrictStr,
    StringConstraints(max_length=254),
    AfterValidator(clean),
    AfterValidator(_address),
]
Phone = Annotated[StrictStr, StringConstraints(max_length=40), AfterValidator(_phone)]
Email = Annotated[
    StrictStr,
    StringConstraints(max_length=254),
    AfterValidator(_no_encoded_word),
    AfterValidator(normal_email),
]
LocaleName = Annotated[
    StrictStr, StringConstraints(max_length=35), AfterValidator(_locale)
]
TimeZoneName = Annotated[
    StrictStr, StringConstraints(max_length=64), AfterValidator(time_zone)
]
MomentField = Annotated[
    datetime,
    BeforeValidator(read_moment),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "examples": ["2026-12-01T10:00:00+01:00"],
        }
    ),
]
Metadata = Annotated[
    dict[StrictStr, Any], Field(max_length=50), AfterValidator(_metadata)
]
Count = Annotated[StrictInt, Field(ge=1, le=1000)]
Minutes = Annotated[StrictInt, Field(ge=0, le=60 * 24 * 7)]


def _currency(value: str) -> str:
    Money(0, value)  # raises ValueError with a sentence for an unknown one
    return value


class MoneyField(RequestModel):
    """An amount in the currency's minor unit: `4500` and `EUR` are 45.00 euros."""

    amount: Annotated[StrictInt, Field(ge=0, le=MAX_AMOUNT)]
    currency: Annotated[StrictStr, AfterValidator(_currency)]

    def money(self) -> Money:
        """Return it as the house's own money."""
        return Money(self.amount, self.currency)


def money_answer(money: Money | None) -> dict[str, Any] | None:
    """Write money as it is written in requests."""
    if money is None:
        return None
    return {"amount": money.amount, "currency": money.currency}
