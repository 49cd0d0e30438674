"""The control API under `/_simulator/`: order faults, read the ledger, look in.

Called by `http_server.py`; used by tests and by people with curl.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from app.errors import InvalidError, Problem
from app.simulator.fault_rules import read_rules, shown
from app.simulator.faults import FaultBook
from app.simulator.ledger import Entry, Ledger
from app.simulator.telling.manners import read_manners
from app.simulator.telling.teller import Teller
from app.simulator.telling.written import read_written
from app.simulator.wire import Answer, Request, json_answer, read_json

#: Filters of the ledger that compare a text with the entry's field of that name.
_TEXT_FILTERS = ("provider", "channel", "recipient", "provider_message_id", "fault")


class Control:
    """Answers the control API."""

    def __init__(self, *, ledger: Ledger, faults: FaultBook, teller: Teller) -> None:
        self._ledger = ledger
        self._faults = faults
        self._teller = teller
        self._deeds: dict[tuple[str, str], Callable[[Request], Answer]] = {
            ("GET", "health"): self._health,
            ("GET", "faults"): self._show_faults,
            ("POST", "faults"): self._order_faults,
            ("DELETE", "faults"): self._lift_faults,
            ("GET", "receipts"): self._show_receipts,
            ("POST", "receipts"): self._order_receipts,
            ("DELETE", "receipts"): self._end_receipts,
            ("POST", "inbound"): self._write,
            ("GET", "ledger"): self._show_ledger,
            ("DELETE", "ledger"): self._clear_ledger,
        }

    def answer(self, request: Request) -> Answer:
        """Do what is asked, or say in a sentence why not."""
        noun = request.path.removeprefix("/_simulator/")
        deed = self._deeds.get((request.method, noun))
        if deed is None:
            known = ", ".join(f"{verb} {noun}" for verb, noun in self._deeds)
            return json_answer(404, {"error": f"There are only: {known}."})
        try:
            return deed(request)
        except InvalidError as error:
            return json_answer(400, {"error": str(error)})

    def _health(self, _: Request) -> Answer:
        entries = self._ledger.entries()
        accepted = sum(entry.accepted for entry in entries)
        counts = {
            "entries": len(entries),
            "accepted": accepted,
            "waiting": self._faults.waiting(),
        }
        return json_answer(200, {"status": "ok", **counts})

    def _show_faults(self, _: Request) -> Answer:
        return json_answer(200, {"data": [shown(r) for r in self._faults.rules()]})

    def _order_faults(self, request: Request) -> Answer:
        self._faults.add(read_rules(read_json(request.body)))
        return json_answer(
            201, {"data": [shown(rule) for rule in self._faults.rules()]}
        )

    def _lift_faults(self, _: Request) -> Answer:
        self._faults.clear()
        return json_answer(200, {"data": []})

    def _show_receipts(self, _: Request) -> Answer:
        answers = {str(status): n for status, n in self._teller.answers.items()}
        return json_answer(200, {"waiting": self._teller.waiting, "answers": answers})

    def _order_receipts(self, request: Request) -> Answer:
        manners = read_manners(read_json(request.body))
        self._teller.order(manners)
        return json_answer(201, vars(manners))

    def _end_receipts(self, _: Request) -> Answer:
        self._teller.order(None)
        return json_answer(200, {})

    def _write(self, request: Request) -> Answer:
        provider, written = read_written(
            read_json(request.body), providers=self._teller.providers
        )
        return json_answer(200, {"answered": self._teller.write(provider, written)})

    def _show_ledger(self, request: Request) -> Answer:
        asked = _filters(request.query)
        found = [vars(e) for e in self._ledger.entries() if _fits(e, asked)]
        return json_answer(200, {"data": found})

    def _clear_ledger(self, _: Request) -> Answer:
        self._ledger.clear()
        return json_answer(200, {"data": []})


def _filters(query: str) -> dict[str, str]:
    asked = dict(parse_qsl(query))
    unknown = asked.keys() - {"accepted", "since_seq", *_TEXT_FILTERS}
    if unknown:
        raise InvalidError([Problem(min(unknown), "is not a filter of the ledger")])
    if not asked.get("since_seq", "0").isdecimal():
        raise InvalidError([Problem("since_seq", "is a number")])
    return asked


def _fits(entry: Entry, asked: Mapping[str, str]) -> bool:
    texts = (name for name in _TEXT_FILTERS if name in asked)
    accepted = str(entry.accepted).lower()
    return (
        entry.seq > int(asked.get("since_seq", "0"))
        and asked.get("accepted", accepted) == accepted
        and all(getattr(entry, name) == asked[name] for name in texts)
    )
