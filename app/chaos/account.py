"""What a chaos run came to: every message judged by the provider's ledger, and counted.

Pure. Made by `run.py` at the end; printed by the command.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.chaos.orders import KIND_OF, Deed, Order
from app.chaos.reckoning import CALLED_OFF, REACHED, Line
from app.domain.recipients import Channel
from app.domain.tasks import Status

#: Whose provider can be asked what it has taken: there, nothing may need a person.
WITH_LOOK_UP = {Channel.SMS}


class Fate(StrEnum):
    """What became of one message."""

    ONCE = "once"  # it arrived, once
    DOUBLED = "doubled"  # it arrived more than once
    CALLED_OFF = "called_off"  # what it told was no longer true: it was not sent
    HELD = "held"  # nobody can know whether it arrived: a person is told so
    LOST = "lost"  # it did not arrive, or its row says another thing than the ledger


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One order's message: the rows that it has, and what became of it."""

    order: Order
    lines: tuple[Line, ...]
    #: Kills that fell inside the window of its attempts.
    cuts: int
    #: Copies that the ledger has of it, also those that no row knows of.
    copies: int
    fate: Fate

    def __str__(self) -> str:
        rows = "; ".join(
            f"row {line.id} {line.status} after {line.attempts} attempts, "
            f"{line.copies} in the ledger: {line.reason or '-'}"
            for line in self.lines
        )
        return (
            f"{self.fate} {self.order.customer.channel} {KIND_OF[self.order.deed]} to "
            f"{self.order.customer.address}: {self.cuts} cut short; "
            f"{rows or 'there is no row'}"
        )


@dataclass(frozen=True, kw_only=True)
class Account:
    """The figures of one run, and whether they are what is promised."""

    seed: int
    judged: Sequence[Judged]
    kills: int
    cuts: Mapping[str, int]
    ended_alone: Mapping[str, int]
    troubles: Mapping[str, int]
    asked_again: int
    #: Copies in the ledger that belong to no order's message, by channel.
    strays: Mapping[str, int] = field(default_factory=dict)
    seconds: float

    def count(self, fate: Fate) -> int:
        """Return how many messages met this fate."""
        return sum(one.fate is fate for one in self.judged)

    def doubled(self, channel: Channel) -> int:
        """Return how many copies too many arrived over this channel."""
        over = [one for one in self.judged if one.order.customer.channel is channel]
        extra = sum(max(one.copies - 1, 0) for one in over)
        return extra + self.strays.get(channel, 0)

    @property
    def cut(self) -> int:
        """How many kills fell inside the window."""
        return sum(self.cuts.values())

    @property
    def unexplained(self) -> list[Judged]:
        """The messages that are not as promised, to be looked into."""
        return [
            one
            for one in self.judged
            if one.fate is Fate.LOST or max(one.copies - 1, 0) > _allowed(one)
        ]

    @property
    def is_kept(self) -> bool:
        """Whether nothing was lost, and nothing doubled but by a kill in the window."""
        return (
            not self.unexplained
            and self.doubled(Channel.SMS) == 0
            and self.doubled(Channel.EMAIL) <= self.cuts.get(Channel.EMAIL, 0)
        )


def judge(
    asked: Iterable[Order], lines: Iterable[Line], *, cuts: Mapping[str, int]
) -> list[Judged]:
    """Say of each order's message what became of it."""
    found: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for line in lines:
        found[line.channel, line.recipient, line.kind].append(line)
    return [_judged(order, found[_name(order)], cuts=cuts) for order in asked]


def strays(
    judged: Iterable[Judged], ledger: Iterable[Mapping[str, Any]]
) -> Counter[str]:
    """Count what the ledger has, and no order's message accounts for, by channel."""
    left = Counter(str(entry["channel"]) for entry in ledger)
    for one in judged:
        left[one.order.customer.channel] -= one.copies
    return +left


def _judged(order: Order, lines: list[Line], *, cuts: Mapping[str, int]) -> Judged:
    cut = sum(cuts.get(line.id, 0) for line in lines)
    copies = sum(line.copies for line in lines)
    return Judged(
        order=order,
        lines=tuple(lines),
        cuts=cut,
        copies=copies,
        fate=_fate(order, lines, copies=copies, cuts=cut),
    )


def _fate(order: Order, lines: list[Line], *, copies: int, cuts: int) -> Fate:
    # Where nobody can be asked, a kill leaves it open whether a message went out.
    is_open = cuts > 0 and order.customer.channel not in WITH_LOOK_UP
    if not lines or any(_contradicts(line, order, is_open=is_open) for line in lines):
        return Fate.LOST
    if copies > 1:
        return Fate.DOUBLED
    if any(_is_held(line) for line in lines):
        return Fate.HELD
    return Fate.ONCE if copies else Fate.CALLED_OFF


def _contradicts(line: Line, order: Order, *, is_open: bool) -> bool:
    """Tell whether the row says other than the ledger, or has not come to its end."""
    if line.status in REACHED:
        return line.copies == 0
    if line.status in CALLED_OFF:
        return order.deed is not Deed.BOOK or (line.copies > 0 and not is_open)
    return not (_is_held(line) and is_open)


def _is_held(line: Line) -> bool:
    waits = line.status == Status.UNKNOWN and line.next_attempt_at is None
    return (line.status == Status.DEAD or waits) and bool(line.reason)


def _allowed(one: Judged) -> int:
    return 0 if one.order.customer.channel in WITH_LOOK_UP else one.cuts


def _name(order: Order) -> tuple[str, str, str]:
    customer = order.customer
    return customer.channel, customer.address, KIND_OF[order.deed]
