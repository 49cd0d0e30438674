"""Holds what an answer tells of its provider against it, or lets it off.

Called by taking and recording in their transactions. What counts as down is decided in
`domain/circuits.py`; what an open circuit means for rows, in `gates.py`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from app.clock import utc_now
from app.domain.circuits import Circuit, after, answered, patience_s, probing
from app.domain.outcomes import Fault, Outcome
from app.logs import fields
from app.services.gates import Gates

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How long a call may take, and whether it is the one that tries."""

    within_s: float
    is_probe: bool


def begin_call(gates: Gates, gate: str) -> Terms:
    """Return on which terms the provider is called now; while one tries, no other."""
    gates.take_turn()
    circuit = gates.circuit(gate)
    is_probe = circuit is not None and circuit.is_tripped
    if circuit is not None and is_probe:
        gates.set_circuit(gate, probing(circuit, now=utc_now()))
    return Terms(within_s=patience_s(circuit), is_probe=is_probe)


def note(gates: Gates, gate: str, outcome: Outcome, *, is_probe: bool) -> None:
    """Hold an answer against its provider, or let it off.

    One that hangs is held to hang on all its channels: each would cost the others the
    time that it took to find out.
    """
    gates.take_turn()
    _note(gates, gate, outcome, is_probe=is_probe)
    if outcome.fault is Fault.TIMEOUT:
        for other in gates.same_provider(gate):
            _note(gates, other, outcome, is_probe=False)


def note_answered(gates: Gates, gate: str) -> None:
    """A look-up was answered: a message may try whether the provider takes it."""
    gates.take_turn()
    known = gates.circuit(gate)
    if known is not None:
        gates.set_circuit(gate, answered(known, now=utc_now()))


def _note(gates: Gates, gate: str, outcome: Outcome, *, is_probe: bool) -> None:
    known = gates.circuit(gate)
    circuit = after(known, outcome, now=utc_now(), is_probe=is_probe)
    gates.set_circuit(gate, circuit)
    _tell(gate, gates.provider(gate), known, circuit)


def _tell(
    gate: str, provider: str, known: Circuit | None, circuit: Circuit | None
) -> None:
    if circuit == known:
        return
    was_tripped = known is not None and known.is_tripped
    if circuit is not None and circuit.is_tripped:
        log.warning(
            "Provider is spared; messages wait",
            extra=fields(
                "circuit_opened",
                channel=gate,
                provider=provider,
                until=circuit.open_until,
                reason=circuit.reason,
            ),
        )
    elif was_tripped and circuit is None:
        log.info(
            "Provider is well again",
            extra=fields("circuit_closed", channel=gate, provider=provider),
        )
