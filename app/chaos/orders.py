"""What is ordered in a run, by whom, and what goes wrong at the provider meanwhile.

Pure: the seed decides. Every order has a recipient of its own, by whom the provider's
ledger tells it from all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any

from app.chaos.dice import dice
from app.domain.kinds import Kind
from app.domain.recipients import Channel

#: One message in ten belongs to a booking that is then cancelled or moved.
A_BOOKING_IN = 20
#: The change comes at most so many orders after the booking: before, while or after its
#: confirmation leaves.
CHANGED_WITHIN = 8
#: Seconds that the provider takes for a message.
SHORTEST_S, LONGEST_S = 0.005, 0.3
#: The share of messages that meet a fault; five failures in a row, which would close
#: a provider's circuit, are then rare.
FAULTY = 0.1


class Deed(StrEnum):
    """What a website asks of the API."""

    MESSAGE = "message"
    BOOK = "book"
    CANCEL = "cancel"
    MOVE = "move"


#: The kind of the one message that follows from each deed.
KIND_OF: Mapping[Deed, Kind] = {
    Deed.MESSAGE: Kind.MESSAGE,
    Deed.BOOK: Kind.BOOKING_CONFIRMED,
    Deed.CANCEL: Kind.BOOKING_CANCELLED,
    Deed.MOVE: Kind.BOOKING_RESCHEDULED,
}


@dataclass(frozen=True, kw_only=True)
class Customer:
    """Somebody who is reached over one channel."""

    number: int
    channel: Channel

    @property
    def address(self) -> str:
        """The e-mail address or the phone number."""
        if self.channel is Channel.EMAIL:
            return f"customer-{self.number}@example.org"
        return f"+1415555{self.number:04}"


@dataclass(frozen=True, kw_only=True)
class Order:
    """One deed, from which one message follows."""

    deed: Deed
    customer: Customer


def orders(count: int, *, seed: int) -> list[Order]:
    """Return so many orders, half of them over each channel, in the order of asking."""
    chance = dice(seed, "orders")
    bookings = count // A_BOOKING_IN
    deeds = [Deed.BOOK] * bookings + [Deed.MESSAGE] * (count - 2 * bookings)
    chance.shuffle(deeds)
    channels = (Channel.SMS, Channel.EMAIL)
    asked = [
        Order(deed=deed, customer=Customer(number=number, channel=channels[number % 2]))
        for number, deed in enumerate(deeds)
    ]
    for booked in [order for order in asked if order.deed is Deed.BOOK]:
        change = Order(
            deed=chance.choice((Deed.CANCEL, Deed.MOVE)), customer=booked.customer
        )
        later = asked.index(booked) + chance.randint(1, CHANGED_WITHIN)
        asked.insert(later, change)
    return asked


#: What goes wrong once. At Twilio the outcome may stay unknown, since it can be asked;
#: a mail server cannot, so there only what is plainly not taken goes wrong: whatever is
#: doubled there is doubled by a kill.
_FAULTS: Mapping[Channel, Sequence[Mapping[str, Any]]] = {
    Channel.SMS: (
        {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 502, "accepted": True},
        {"kind": "cut_before_accept"},
        {"kind": "accept_then_cut"},
    ),
    Channel.EMAIL: (
        {"kind": "status", "code": 451},
        {"kind": "status", "code": 450, "stage": "rcpt"},
        {"kind": "cut_before_accept", "stage": "rcpt"},
    ),
}


def faults(asked: Sequence[Order], *, seed: int) -> Iterator[Mapping[str, Any]]:
    """Return what the simulator is told: how long each takes, and what goes wrong."""
    chance = dice(seed, "faults")
    for customer in dict.fromkeys(order.customer for order in asked):
        match = {"recipient": customer.address}
        if chance.random() < FAULTY:
            wrong = chance.choice(_FAULTS[customer.channel])
            yield {"match": match, "times": 1, "fault": wrong}
        yield {"match": match, "fault": _slowness(chance)}


def _slowness(chance: Random) -> Mapping[str, Any]:
    """A kill meanwhile comes before the message is taken, or before that is known."""
    seconds = round(chance.uniform(SHORTEST_S, LONGEST_S), 3)
    return {"kind": chance.choice(("delay", "late_answer")), "seconds": seconds}
