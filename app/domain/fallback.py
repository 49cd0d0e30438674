"""Which of several providers carries a channel's messages just now.

The first in the owner's order that is well. One that is ill is left to recover: when
its pause is over, one message tries it, and once that has gone well it is the first
again. Decided from the circuits alone, so all workers decide alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from app.domain.circuits import FIRST_PAUSE, LONGEST_PAUSE, Circuit
from app.domain.outcomes import Result

#: So many calls in a row tell how fast a provider is; one slow call is chance.
_CALLS_TIMED = 5
#: So many tell how reliable it is, and so many of them may not fail.
CALLS_LOOKED_AT, _TOO_MANY_FAILURES = 10, 5
#: What is the provider's own failure, more often than not.
_FAILURES = {Result.TRANSIENT, Result.AMBIGUOUS}
#: Seconds from which on a call is slow: with one worker all messages wait as long.
SLOW_S = 4.0

Circuits = Mapping[str, Circuit]


@dataclass(frozen=True, kw_only=True)
class PastCall:
    """How a call to a provider ended, and how long it took."""

    took_s: float
    result: Result

    @property
    def failed(self) -> bool:
        """Whether the message did not leave, or nobody knows."""
        return self.result in _FAILURES


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


def complaint(calls: Sequence[PastCall]) -> str:
    """Say what is wrong with a provider by its last calls, the newest first.

    Empty: nothing. Who has just done well is not blamed for what was before.
    """
    if _is_slow([call.took_s for call in calls[:_CALLS_TIMED]]):
        return "It answers slowly."
    if _is_unreliable([call.failed for call in calls[:CALLS_LOOKED_AT]]):
        return "It fails every other time."
    return ""


def _is_slow(seconds: Sequence[float]) -> bool:
    if len(seconds) < _CALLS_TIMED or seconds[0] < SLOW_S:
        return False
    return median(seconds) >= SLOW_S


def _is_unreliable(failed: Sequence[bool]) -> bool:
    if len(failed) < CALLS_LOOKED_AT or not failed[0]:
        return False
    return sum(failed) >= _TOO_MANY_FAILURES


def spared(circuit: Circuit | None, reason: str, *, now: datetime) -> Circuit:
    """Return the circuit of a provider that is left alone because another is better."""
    known = circuit or Circuit()
    pause = min(known.pause * 2 or FIRST_PAUSE, LONGEST_PAUSE)
    return Circuit(open_until=now + pause, opened_at=now, pause=pause, reason=reason)


def _until(circuit: Circuit, now: datetime) -> timedelta:
    until = circuit.open_until
    return until - now if until is not None and circuit.is_open(now) else timedelta(0)
