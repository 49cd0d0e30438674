"""Many customers who book, pay, change their minds and write back, at random.

`Correspondence(box, seed=1).run(500)`; every choice follows from the seed, but not the
order in which it all arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

from tests.box import Box
from tests.shop import Booked

#: Customers served at the same moment.
AT_ONCE = 4
#: What customers write, and how often each (of all replies).
REPLIES = ("YES", "yes!", "C", "STOP", "late 10", "Is there parking?", "HELP", "START")
#: The shares of customers who cancel, who move, and who write back.
CANCELS, MOVES, WRITES = 0.15, 0.15, 0.3
#: The share of customers with one of whose messages something goes wrong.
UNLUCKY = 0.15
#: What goes wrong once, by provider. Where nobody can be asked afterwards it is plain
#: that the message was not taken.
FAULTS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "twilio": (
        {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
        {"kind": "status", "status": 500},
        {"kind": "accept_then_cut"},
        {"kind": "cut_before_accept"},
        {"kind": "garbage"},
    ),
    "meta": (
        {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
        {"kind": "status", "status": 400, "code": 131026},
        {"kind": "cut_before_accept"},
    ),
    "resend": (
        {"kind": "status", "status": 500},
        {"kind": "accept_then_cut"},
        {"kind": "garbage"},
    ),
}
#: How the providers tell of what they took.
MANNERS = {
    "delay_s": 1.0,
    "fail": 0.1,
    "repeat": 0.3,
    "drop": 0.1,
    "forge": 0.05,
    "shuffle": 1,
}


class Correspondence:
    """Plays it all on a box; `booked` are the bookings that were made."""

    def __init__(self, box: Box, *, seed: int) -> None:
        self._box = box
        self._seed = seed
        self.booked: list[Booked] = []

    def run(self, customers: int) -> None:
        """Let so many customers book, several at a time."""
        simulator = self._box.simulator
        simulator.control("POST", "receipts", content={**MANNERS, "seed": self._seed})
        with ThreadPoolExecutor(AT_ONCE) as pool:
            self.booked = list(pool.map(self._serve, range(customers)))

    def _serve(self, number: int) -> Booked:
        chance = Random(f"{self._seed}/{number}")
        booked = self._box.shop.book()
        if chance.random() < UNLUCKY:
            self._bring_bad_luck(booked, chance)
        self._box.shop.pay(booked)
        deeds: list[tuple[float, Callable[[Booked, Random], None]]] = [
            (MOVES, self._move),
            (WRITES, self._write),
            (CANCELS, self._cancel),
        ]
        for share, deed in deeds:
            if chance.random() < share:
                deed(booked, chance)
        return booked

    def _bring_bad_luck(self, booked: Booked, chance: Random) -> None:
        provider = chance.choice(sorted(FAULTS))
        to = booked.email if provider == "resend" else booked.phone
        fault = dict(chance.choice(FAULTS[provider]))
        match = {"provider": provider, "recipient": to}
        self._box.simulator.add_fault(fault.pop("kind"), times=1, match=match, **fault)

    def _move(self, booked: Booked, _chance: Random) -> None:
        start = booked.start.replace(minute=30).isoformat()
        self._change(booked, "reschedule", {"start": start})

    def _cancel(self, booked: Booked, _chance: Random) -> None:
        self._change(booked, "cancel", {})

    def _write(self, booked: Booked, chance: Random) -> None:
        written = {
            "provider": chance.choice(("twilio", "meta")),
            "from": booked.phone,
            "text": chance.choice(REPLIES),
            "message_id": f"in-{booked.id}",
        }
        for _ in range(chance.choice((1, 1, 2))):  # some are brought twice
            answer = self._box.simulator.control("POST", "inbound", content=written)
            assert answer["answered"] == 200, answer

    def _change(self, booked: Booked, move: str, body: Mapping[str, Any]) -> None:
        reply = self._box.shop.ask("POST", f"/bookings/{booked.id}/{move}", body)
        # The customer may have cancelled by a reply meanwhile.
        assert reply.status in {200, 409}, reply
