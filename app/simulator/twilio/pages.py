"""The list of messages: its filters and its pages, as Twilio spells them.

Called by `api.py` with the ledger's entries, newest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlencode

from app.simulator.ledger import Entry
from app.simulator.twilio.errors import error_answer
from app.simulator.wire import Answer

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000
_DATE_FILTERS = ("DateSent", "DateSent>", "DateSent<")
_DAY = timedelta(days=1)


class PageRequest:
    """What a list request asks for; `error` is Twilio's answer to a bad one."""

    def __init__(self, query: str) -> None:
        self.asked = dict(parse_qsl(query))
        self.error: Answer | None = None
        self.size = min(self._number("PageSize", DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE)
        self.number = self._number("Page", 0)
        self._spans = [self._span(name) for name in _DATE_FILTERS if name in self.asked]
        if self.size == 0:
            self.error = error_answer(20001)

    def fits(self, entry: Entry) -> bool:
        """Say whether the message passes the filters."""
        gone = datetime.fromisoformat(entry.received_at)
        fields = entry.fields
        return all(
            name not in self.asked or fields.get(name) == self.asked[name]
            for name in ("To", "From")
        ) and all(first <= gone < last for first, last in self._spans)

    def _number(self, name: str, default: int) -> int:
        value = self.asked.get(name, str(default))
        if not (value.isdecimal() and len(value) < 10):
            self.error = error_answer(20001)
            return default
        return int(value)

    def _span(self, name: str) -> tuple[datetime, datetime]:
        first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
        try:
            moment = datetime.fromisoformat(self.asked[name])
        except ValueError:
            self.error = error_answer(20001)
            return first, last
        is_day = moment.time() == time.min and len(self.asked[name]) == len(
            "2026-11-22"
        )
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if name != "DateSent<":
            first = moment
        if name != "DateSent>":
            last = moment + (_DAY if is_day else timedelta(seconds=1))
        return first, last


def page(
    path: str, asked: PageRequest, messages: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    """Return one page of messages in Twilio's envelope."""
    start = asked.number * asked.size
    found = list(islice(messages, start, start + asked.size + 1))
    shown = found[: asked.size]
    has_more = len(found) > asked.size
    token = f"PA{shown[-1]['sid']}" if shown else ""
    return {
        "end": start + max(len(shown), 1) - 1,
        "first_page_uri": _uri(path, asked, 0),
        "messages": shown,
        "next_page_uri": _uri(path, asked, asked.number + 1, token=token)
        if has_more
        else None,
        "page": asked.number,
        "page_size": asked.size,
        "previous_page_uri": _uri(path, asked, asked.number - 1)
        if asked.number
        else None,
        "start": start,
        "uri": _uri(path, asked, asked.number),
    }


def _uri(path: str, asked: PageRequest, number: int, *, token: str = "") -> str:
    filters: Mapping[str, str] = {
        name: value
        for name, value in asked.asked.items()
        if name not in {"Page", "PageSize", "PageToken"}
    }
    places = {"PageSize": asked.size, "Page": number}
    tokens = {"PageToken": token} if token else {}
    return f"{path}?{urlencode({**filters, **places, **tokens})}"
