"""What a message tells: the facts of each kind, which it needs and which it may have.

The API checks `data` with `read_facts` before anything is queued; the worker fills
`Facts` from a booking, or from the same `data`, when the message leaves.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from app.domain.kinds import Kind
from app.domain.money import Money, read_money
from app.errors import InvalidError, Problem

#: Letters that a value on one line may have: generous for names, too few for a letter.
MAX_LINE = 200
#: Letters of a free text: more than an SMS may have, which the renderer refuses.
MAX_TEXT = 10_000
#: More people than come at once.
MAX_PARTY = 1000
#: Years that can be printed in every time zone, and in which appointments happen.
YEARS = range(2000, 2200)

_WEB_ADDRESS = re.compile(r"https?://[^\s/\"'<>\\]+[^\s\"'<>\\]*\Z")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a message can tell; empty means that there is none.

    `old_start` is the time before a move, `price` what is to pay (or was paid),
    `reason` why, in the business's words. `topic` is what an answer is about, `choices`
    the bookings that it asks about. At `review_url` they may say how it was. `code`
    holds for `minutes`; `site` is the website that browsers may fill it in on. `own`
    holds what a kind of one's own adds.
    """

    business_name: str
    customer_name: str = ""
    service_name: str = ""
    start: datetime | None = None
    end: datetime | None = None
    old_start: datetime | None = None
    old_status: str = ""
    new_status: str = ""
    price: Money | None = None
    reference: str = ""
    manage_url: str = ""
    reason: str = ""
    party_size: int | None = None
    subject: str = ""
    text: str = ""
    topic: str = ""
    choices: str = ""
    review_url: str = ""
    code: str = ""
    minutes: str = ""
    site: str = ""
    own: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> object:
        """Return the fact of that name, empty or None where there is none."""
        return self.own.get(name, "") if name not in _FIELDS else getattr(self, name)


_FIELDS = frozenset(f.name for f in fields(Facts)) - {"own"}
#: Every message may tell these; the business's name is always known.
_EVERYWHERE = frozenset({"business_name", "customer_name"})
_BOOKING = frozenset(
    {"service_name", "start", "end", "price", "reference", "manage_url"}
    | {"party_size", "reason"}
)

#: What `data` must hold for each kind.
REQUIRED_NAMES: Mapping[str, frozenset[str]] = {
    Kind.BOOKING_CONFIRMED: frozenset({"service_name", "start"}),
    Kind.BOOKING_CANCELLED: frozenset({"service_name", "start"}),
    Kind.BOOKING_RESCHEDULED: frozenset({"service_name", "start", "old_start"}),
    Kind.BOOKING_STATUS_CHANGED: frozenset(
        {"service_name", "old_status", "new_status"}
    ),
    Kind.BOOKING_REMINDER: frozenset({"service_name", "start"}),
    Kind.PAYMENT_RECEIVED: frozenset({"service_name", "price"}),
    Kind.FOLLOW_UP: frozenset({"service_name"}),
    Kind.MESSAGE: frozenset({"text"}),
    Kind.REPLY: frozenset({"topic"}),
    Kind.ONE_TIME_CODE: frozenset({"code", "minutes"}),
}

#: What kinds may tell that tell less than a booking's facts, or more.
_MORE_NAMES: Mapping[str, frozenset[str]] = {
    Kind.FOLLOW_UP: _BOOKING | {"review_url"},
    Kind.MESSAGE: frozenset({"subject"}),
    Kind.REPLY: _BOOKING | {"choices"},
    #: Of the website that browsers may fill it in on.
    Kind.ONE_TIME_CODE: frozenset({"site"}),
}

#: What `data` may hold besides.
OPTIONAL_NAMES: Mapping[str, frozenset[str]] = {
    kind: (_EVERYWHERE | _MORE_NAMES.get(kind, _BOOKING)) - required
    for kind, required in REQUIRED_NAMES.items()
}


def names_of(kind: str) -> frozenset[str]:
    """Return every name that a text of the kind may use."""
    return REQUIRED_NAMES[kind] | OPTIONAL_NAMES[kind]


def missing_names(kind: str, facts: Facts) -> tuple[str, ...]:
    """Return the names that the kind needs and the facts lack, in order."""
    needed = REQUIRED_NAMES[kind] | {"business_name"}
    return tuple(sorted(name for name in needed if facts.get(name) in ("", None)))


def read_facts(
    kind: str,
    data: Mapping[str, object],
    *,
    business_name: str,
    customer_name: str = "",
) -> Facts:
    """Make facts of a request's `data`; raise InvalidError with every bad field.

    The two names stand in where `data` has none of its own.
    """
    given = {name: value for name, value in data.items() if value not in (None, "")}
    values: dict[str, object] = {
        "business_name": business_name,
        "customer_name": customer_name,
    }
    problems = [_lacking(name) for name in sorted(REQUIRED_NAMES[kind] - given.keys())]
    for name, value in given.items():
        try:
            values[name] = _read(kind, name, value)
        except ValueError as error:
            problems.append(Problem(f"data.{name}", str(error)))
    if problems:
        raise InvalidError(problems)
    return _facts(values)


def _facts(values: Mapping[str, Any]) -> Facts:
    known = {name: value for name, value in values.items() if name in _FIELDS}
    own = {name: value for name, value in values.items() if name not in _FIELDS}
    return Facts(**known, own=own)


def _lacking(name: str) -> Problem:
    return Problem(f"data.{name}", "is needed for this kind of message")


def _read(kind: str, name: str, value: object) -> object:
    names = names_of(kind)
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = (
            f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(names))}"
        )
        raise ValueError(f"is not a name that {kind} uses; {hint}")
    return _READERS.get(name, _read_line)(value)


def _read_line(value: object) -> str:
    line = _read_letters(value, limit=MAX_LINE)
    # Every line may come to stand in an e-mail's header.
    if len(line.splitlines()) > 1:
        raise ValueError("must be on one line")
    if "=?" in line:
        raise ValueError("may not hold =?, an encoded word of e-mail")
    return line


def _read_text(value: object) -> str:
    return _read_letters(value, limit=MAX_TEXT)


def _read_letters(value: object, *, limit: int) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text that is not empty")
    if len(value) > limit:
        raise ValueError(f"has {len(value)} characters; at most {limit} are taken")
    return value


def _read_moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - it has no zone, and is refused for that
    if moment.tzinfo is None or moment.year not in YEARS:
        raise ValueError(
            "must be a time with its offset, for example 2026-05-22T14:30:00+02:00"
        )
    return moment.astimezone(UTC)


def _read_count(value: object) -> int:
    if type(value) is not int or not 1 <= value <= MAX_PARTY:
        raise ValueError(f"must be a whole number from 1 to {MAX_PARTY}")
    return value


def _read_web_address(value: object) -> str:
    address = _read_letters(value, limit=1000)
    if not _WEB_ADDRESS.match(address) or not address.isprintable():
        raise ValueError("must be a web address that begins with https://")
    return address


#: How each name is read where it is not a text on one line.
_READERS: Mapping[str, Callable[[object], object]] = {
    "start": _read_moment,
    "end": _read_moment,
    "old_start": _read_moment,
    "price": read_money,
    "party_size": _read_count,
    "manage_url": _read_web_address,
    "review_url": _read_web_address,
    "text": _read_text,
}
