"""How a queue's gate stands, for people: pages, commands and `doctor` ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.openings import room_under
from app.domain.queues import Rate
from app.services.gates import CHANNELS, Gates
from app.storage import gates as store


class GateState(StrEnum):
    """Whether rows may leave a queue."""

    OPEN = "open"
    PAUSED = "paused"  # by a person, until a moment or until they resume it
    RATE_LIMITED = "rate_limited"  # as many as may have left in this span
    CIRCUIT_OPEN = (
        "circuit_open"  # the provider is down; one message tries now and then
    )


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The state of a queue's gate, why it is so, and until when (None: not known)."""

    state: GateState = GateState.OPEN
    reason: str = ""
    until: datetime | None = None
    #: Who paused it.
    by: str = ""


def look(gates: Gates, queue: str, *, due: int = 0) -> Gate:
    """Return the state of a queue's gate, for a person; `due`: what waits there."""
    state = gates.state(queue)
    if state is not None and gates.is_paused(queue):
        return Gate(
            state=GateState.PAUSED,
            reason=state["pause_reason"] or f"Paused by {state['paused_by']}.",
            until=state["paused_until"],
            by=state["paused_by"],
        )
    circuit = gates.circuit(queue)
    if circuit is not None and circuit.is_tripped:
        return Gate(
            state=GateState.CIRCUIT_OPEN,
            reason=circuit.reason,
            until=circuit.open_until,
        )
    return _look_at_limit(gates, queue, due=due)


def left(gates: Gates, queue: str) -> int | None:
    """Return how many may leave under the queue's limit now; None: it has none."""
    rate = gates.policy(queue).rate_limit
    return None if rate is None else max(rate.count - _spent(gates, rate, queue), 0)


def _look_at_limit(gates: Gates, queue: str, *, due: int) -> Gate:
    rate = gates.policy(queue).rate_limit
    if rate is None:
        return Gate()
    room = room_under(rate, used=_spent(gates, rate, queue), due=due)
    if room.usual > 0:
        return Gate()
    reason = "As many as may leave in this time have left."
    if room.urgent > 0:
        reason = f"{reason} What is left of the limit is kept for what is urgent."
    until = store.next_slot(gates.tx, gate=queue, span=rate.per, now=gates.now)
    return Gate(state=GateState.RATE_LIMITED, reason=reason, until=until)


def _spent(gates: Gates, rate: Rate, queue: str) -> int:
    """What has left: over a channel from any queue, else by the fullest lane."""
    spent = gates.used(rate, gate=queue)
    if queue in CHANNELS:
        return spent
    others = (gates.used(rate, gate=gate, queue=queue) for gate in CHANNELS)
    return max(spent, *others)
