"""Which of several providers carries a channel's messages just now.

The first in the owner's order that is well. One that is ill is left to recover: when
its pause is over, one message tries it, and once that has gone well it is the first
again. Decided from the circuits alone, so all workers decide alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

from app.domain.circuits import FIRST_PAUSE, LONGEST_PAUSE, Circuit

#: So many calls in a row tell how fast a provider is; one slow call is chance.
CALLS_LOOKED_AT = 5
#: Seconds from which on a call is slow: with one worker all messages wait as long.
SLOW_S = 4.0

Circuits = Mapping[str, Circuit]


def serving(order: Sequence[str], circuits: Circuits, *, now: datetime) -> str:
    """Return who carries what leaves now; empty: nobody.

    Where all are ill it is the one that may be tried soonest.
    """
    for name in order:
        if not is_ill(circuits.get(name)):
            return name
    return min(order, key=lambda name: _until(circuits[name], now), default="")


def to_be_tried(order: Sequence[str], circuits: Circuits, *, now: datetime) -> str:
    """Return who takes one message to see whether it is well again; empty: nobody.

    Only one that comes before whoever serves now: the others are not missed.
    """
    current = serving(order, circuits, now=now)
    for name in order:
        if name == current:
            return ""
        if not circuits[name].is_open(now):
            return name
    return ""


def is_ill(circuit: Circuit | None) -> bool:
    """Whether a provider is left alone until a call has shown that it is well."""
    return circuit is not None and circuit.is_tripped


def is_slow(seconds: Sequence[float]) -> bool:
    """Whether a provider's last calls (the newest ones) took so long."""
    return len(seconds) >= CALLS_LOOKED_AT and median(seconds) >= SLOW_S


def spared_as_slow(circuit: Circuit | None, *, now: datetime) -> Circuit:
    """Return the circuit of a provider that is left alone because it is slow."""
    known = circuit or Circuit()
    pause = min(known.pause * 2 or FIRST_PAUSE, LONGEST_PAUSE)
    return Circuit(
        open_until=now + pause, opened_at=now, pause=pause, reason="It answers slowly."
    )


def _until(circuit: Circuit, now: datetime) -> timedelta:
    until = circuit.open_until
    return until - now if until is not None and circuit.is_open(now) else timedelta(0)
