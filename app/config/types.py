"""The types of settings: how a text from the environment becomes a value.

Used by `groups/` alone; each raises ValueError with a sentence for the owner.
"""

from __future__ import annotations

import difflib
import functools
import re
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr


def _known(value: str, names: set[str], noun: str) -> str:
    if value not in names:
        near = difflib.get_close_matches(value, names, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"{value!r} is not a known {noun}{hint}")
    return value


def time_zone(value: str) -> str:
    """Return an IANA time zone's name, or raise ValueError with the nearest."""
    return _known(value, _time_zones(), "time zone")


@functools.cache
def _time_zones() -> set[str]:
    # Looks into some hundred files. Two of them are no place's time: what this machine
    # happens to be set to, and "not set yet".
    return available_timezones() - {"localtime", "Factory"}


def _currency(value: str) -> str:
    from babel.numbers import list_currencies  # noqa: PLC0415 - 2.5 MB, seldom set

    return _known(value.upper(), set(list_currencies()), "currency")


def _locale(value: str) -> str:
    from babel import Locale, UnknownLocaleError  # noqa: PLC0415 - as above

    try:
        return str(Locale.parse(value.replace("-", "_")))
    except (ValueError, UnknownLocaleError):
        raise ValueError(f"{value!r} is not a known locale") from None


def _words(value: object) -> object:
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _like(pattern: str, otherwise: str) -> AfterValidator:
    """Refuse what does not begin so, without repeating it: it may hold a password."""

    def check(value: str) -> str:
        if not re.match(pattern, value):
            raise ValueError(otherwise)
        return value

    return AfterValidator(check)


Secret = SecretStr | None
Port = Annotated[int, Field(ge=1, le=65535)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
TimeZoneName = Annotated[str, AfterValidator(time_zone)]
LocaleName = Annotated[str, AfterValidator(_locale)]
CurrencyCode = Annotated[str, AfterValidator(_currency)]
DatabaseUrl = Annotated[
    str,
    _like(
        r"sqlite:///|postgresql\+psycopg://",
        "must begin with sqlite:/// or postgresql+psycopg://",
    ),
]
RedisUrl = Annotated[
    str,
    _like(r"(rediss?|unix)://", "must begin with redis://, rediss:// or unix://"),
]
BrokerUrl = Annotated[
    str,
    _like(
        r"(amqps?|rediss?|unix)://",
        "must begin with amqp://, amqps://, redis://, rediss:// or unix://",
    ),
]
WebUrl = Annotated[
    str,
    _like(r"https?://[^/]+", "must be an address that begins with https:// or http://"),
]
#: Our own: pages and redirects begin at its root.
PublicUrl = Annotated[
    str,
    _like(
        r"https?://[^/?#\s]+/?\Z",
        "must be an address that begins with https:// or http://, without a path",
    ),
]
Region = Annotated[
    str, _like(r"[A-Z]{2}$", "must be the two capital letters of a country")
]


def variable(
    name: str,
    default: Any = None,
    *,
    about: str,
    example: str,
    may_hold_password: bool = False,
) -> Any:
    """Describe one setting; `about` and `example` also make `.env.example`.

    What may hold a password, as an address may, is left out of the settings' `repr`.
    """
    return Field(
        default,
        alias=name,
        description=about,
        examples=[example],
        repr=not may_hold_password,
    )
