"""Holds what an answer tells of its provider against it, or lets it off.

Called by taking and recording in their transactions. What counts as down is decided in
`domain/circuits.py`; what an open circuit means for rows, in `gates.py`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from app.clock import utc_now
from app.domain.circuits import Circuit, after, answered, patience_s, probing
from app.domain.fallback import complaint, is_ill, spared
from app.domain.outcomes import Fault, Outcome
from app.logs import fields
from app.services.gates import Gates
from app.services.provider_alerts import alert_of_switch, alert_of_waiting

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Who is called, how long that may take, and whether it is the call that tries."""

    called: str
    within_s: float
    is_probe: bool
    #: What is held against it as the call begins.
    circuit: Circuit | None


def terms_of_call(gates: Gates, gate: str, *, provider: str | None = None) -> Terms:
    """Return who is called now, and on which terms; `provider`: nobody else will do."""
    gates.take_turn()
    called = provider or gates.to_be_tried(gate) or gates.serving(gate)
    circuit = gates.circuit(gate, called)
    return Terms(
        called=called,
        within_s=patience_s(circuit, now=gates.now),
        is_probe=is_ill(circuit),
        circuit=circuit,
    )


def begin_call(gates: Gates, gate: str, terms: Terms) -> None:
    """Write down that a call begins: while one tries, no other does."""
    circuit = gates.circuit(gate, terms.called)
    if circuit is not None and terms.is_probe:
        gates.set_circuit(gate, terms.called, probing(circuit, now=utc_now()))


def note(
    gates: Gates, gate: str, called: str, outcome: Outcome, *, is_probe: bool
) -> None:
    """Hold an answer against who was called, or let it off.

    One that hangs is held to hang on all its channels: each would cost the others the
    time that it took to find out.
    """
    gates.take_turn()
    _note(gates, gate, called, outcome, is_probe=is_probe)
    if outcome.fault is Fault.TIMEOUT:
        for other in gates.other_gates_of(called, but=gate):
            _note(gates, other, called, outcome, is_probe=False)


def note_unasked(gates: Gates, gate: str, terms: Terms) -> None:
    """Nobody was called after all: whoever is spared stays so for as long as before."""
    if terms.is_probe:
        gates.take_turn()
        gates.set_circuit(gate, terms.called, terms.circuit)


def note_answered(gates: Gates, gate: str, called: str) -> None:
    """A look-up was answered: a message may try whether the provider takes it."""
    gates.take_turn()
    known = gates.circuit(gate, called)
    if known is not None:
        gates.set_circuit(gate, called, answered(known, now=utc_now()))


def note_quality(gates: Gates, gate: str, called: str) -> None:
    """Leave a provider alone for a while where it is slow, or fails too often.

    Only where another one is well.
    """
    if not gates.has_another(gate, called):
        return
    gates.take_turn()
    known = gates.circuit(gate, called)
    if is_ill(known):
        return
    if reason := complaint(gates.last_calls(gate, called)):
        _set(gates, gate, called, spared(known, reason, now=utc_now()))


def _note(
    gates: Gates, gate: str, called: str, outcome: Outcome, *, is_probe: bool
) -> None:
    known = gates.circuit(gate, called)
    circuit = after(known, outcome, now=utc_now(), is_probe=is_probe)
    _set(gates, gate, called, circuit)


def _set(gates: Gates, gate: str, called: str, circuit: Circuit | None) -> None:
    known, before = gates.circuit(gate, called), gates.serving(gate)
    gates.set_circuit(gate, called, circuit)
    _log(gate, called, known, circuit)
    if gates.serving(gate) != before:
        alert_of_switch(gates, gate, before=before, because=circuit)
    elif circuit is not None and is_ill(circuit) and gates.is_spared(gate):
        alert_of_waiting(gates, gate, called, circuit)


def _log(
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
