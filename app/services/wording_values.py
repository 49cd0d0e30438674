"""What templates may print of the facts: checked, cleaned, and nothing that can act.

Called by `wording.py` before every rendering. What is not worth a line of its own (a
price of 0, a party of one) becomes None, so that templates need not know.
"""

from __future__ import annotations

from datetime import datetime

from jinja2 import TemplateRuntimeError, Undefined

from app.domain.facts import (
    MAX_LINE,
    MAX_TEXT,
    REQUIRED_NAMES,
    Facts,
    missing_names,
    names_of,
)
from app.domain.money import Money
from app.domain.plain_text import clean_line, clean_text, shortened, without_links
from app.errors import WordingError


def printable(kind: str, facts: Facts) -> dict[str, object]:
    """Return the values of a kind's names; WordingError if one is missing or bad."""
    if kind not in REQUIRED_NAMES:
        raise WordingError(
            f"There is no kind {kind!r}; there are: {', '.join(REQUIRED_NAMES)}."
        )
    missing = missing_names(kind, facts)
    if missing:
        raise WordingError(f"A message {kind} needs {', '.join(missing)}.")
    return {name: _value(name, facts.get(name)) for name in names_of(kind)}


def printed(value: object) -> object:
    """Return what a template prints, if it is words or a number that people can read.

    Anything else would be printed as Python writes it: a time in UTC, a price as
    `Money(amount=6500, …)`, what is missing as `None`.
    """
    if isinstance(value, str | int | Undefined):  # what is undefined says so itself
        return value
    if value is None:
        what = "a fact that is missing; put {% if … %} around it"
    elif isinstance(value, datetime):
        what = "a time; a time is printed with a filter: {{ … | day }}, {{ … | time }}"
    elif isinstance(value, Money):
        what = "a price; a price is printed with its filter: {{ … | money }}"
    else:
        what = "several phrases; name one of them"
    raise TemplateRuntimeError(f"it prints {what}")


def _value(name: str, value: object) -> object:
    if isinstance(value, str):
        return _letters(name, value)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise WordingError(f"{name} has no time zone, so nobody knows when it is.")
    if isinstance(value, Money):
        return value if value.amount else None
    return None if name == "party_size" and value == 1 else value


def _letters(name: str, value: str) -> str:
    if name == "text":
        return shortened(clean_text(value), limit=MAX_TEXT)
    if name == "manage_url":
        return _web_address(clean_line(value))
    line = shortened(clean_line(value), limit=MAX_LINE)
    return without_links(line) if name == "customer_name" else line


def _web_address(value: str) -> str:
    if value and not value.startswith(("https://", "http://")):
        raise WordingError("manage_url is not a web address (https://...).")
    return value
