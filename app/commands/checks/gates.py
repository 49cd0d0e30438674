"""What a person or a provider's trouble holds back: paused queues, open circuits."""

from __future__ import annotations

from collections.abc import Iterator

from app.commands.checks.findings import Box, Finding, ok, warning
from app.commands.printing import counted, second
from app.services import queues
from app.services.gate_state import GateState
from app.services.queues import Queue


def gates(box: Box) -> Iterator[Finding]:
    """Look for queues that let nothing out, and that hardly take any more."""
    if box.runtime is None:
        return
    found = queues.all_queues(box.runtime)
    told = [finding for queue in found for finding in _look(queue)]
    yield from told or [ok("Every queue lets out what is due.")]


def _look(queue: Queue) -> Iterator[Finding]:
    gate = queue.gate
    until = f" until {second(gate.until)} UTC" if gate.until else ""
    waiting = queue.depth + queue.delayed
    verb = "waits" if queue.depth == 1 else "wait"
    consequence = f"{counted(queue.depth, 'due task')} {verb}; nothing is lost."
    if gate.state is GateState.PAUSED:
        yield warning(
            f"The queue {queue.name} was paused by {gate.by}{until}: {gate.reason}",
            consequence,
            f"Let it go on with `python3 bellhop.py queue resume {queue.name}`.",
        )
    if gate.state is GateState.CIRCUIT_OPEN:
        yield warning(
            f"The provider behind {queue.name} is spared{until}: {gate.reason}",
            f"{consequence} One message tries it now and then.",
            "If this stays, look at the provider's status page and at your credentials "
            "there (`python3 bellhop.py send-test`).",
        )
    if waiting >= queue.max_length:
        yield warning(
            f"The queue {queue.name} is full: {waiting} are waiting.",
            "Who sends in bulk is refused (429); what bookings need is not.",
            "Find out what holds it up, or raise its max_length "
            f"(`python3 bellhop.py queue set {queue.name} max_length=…`).",
        )
