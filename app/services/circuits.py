"""Holds what an answer tells of its provider against it, or lets it off.

Called by recording in its transaction. What counts as down is decided in
`domain/circuits.py`; what an open circuit means for rows, in `gates.py`.
"""

from __future__ import annotations

import logging

from app.clock import utc_now
from app.domain.circuits import Circuit, after
from app.domain.outcomes import Outcome
from app.logs import fields
from app.services.gates import Gates

log = logging.getLogger(__name__)


def note(gates: Gates, gate: str, outcome: Outcome) -> None:
    """Hold an answer against its provider, or let it off."""
    gates.take_turn()
    known = gates.circuit(gate)
    now = utc_now()
    circuit = after(known, outcome, now=now)
    gates.set_circuit(gate, circuit)
    _tell(gate, gates.provider(gate), known, circuit)


def _tell(
    gate: str, provider: str, known: Circuit | None, circuit: Circuit | None
) -> None:
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
