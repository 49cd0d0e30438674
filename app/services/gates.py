"""The gates: what may leave at this moment, and why the rest may not.

Looked at by `choosing.py` in the transaction that lets rows out, and by pages. A gate
is open, paused by a person, rate-limited, or shut because its provider is down; while
it is shut rows wait in the database, and no attempt is used up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from app.channels.credentials import Mode
from app.domain.circuits import Circuit
from app.domain.lanes import Lane
from app.domain.openings import PLENTY, Room, room_under
from app.domain.queues import QueuePolicy, Rate
from app.domain.recipients import Channel
from app.runtime import Runtime
from app.services.policies import STRANGERS, policy_of
from app.storage import gates as store
from app.storage import releasing

_CHANNELS = frozenset(Channel)


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


class Gates:
    """Every gate as it stands in one transaction; made anew for each."""

    def __init__(self, tx: sa.Connection, runtime: Runtime, *, now: datetime) -> None:
        self._tx = tx
        self._runtime = runtime
        self._now = now
        self._has_turn = False
        self._look()

    def take_turn(self) -> None:
        """Wait until nobody else changes what is let out, until this transaction ends.

        Whoever lets out or holds something against a provider does so in their turn.
        """
        if not self._has_turn and releasing.take_turn(self._tx):
            self._look()
        self._has_turn = True

    def policy(self, queue: str) -> QueuePolicy:
        """Return the queue's policy in force: what was set at run time counts first."""
        return policy_of(self._runtime, queue, state=self._states.get(queue))

    def overrides(self, queue: str) -> Mapping[str, Any]:
        """Return what was set at run time of a queue's policy."""
        state = self._states.get(queue)
        return {} if state is None else dict(state["overrides"])

    def provider(self, gate: str) -> str:
        """Return the name of the provider behind a gate; empty: none is."""
        return str(self._runtime.modes[Channel(gate)]) if gate in _CHANNELS else ""

    def same_provider(self, gate: str) -> list[str]:
        """Return the other gates that the same company stands behind."""
        if self.provider(gate) == Mode.PREVIEW:
            return []
        return [
            other
            for other in _CHANNELS
            if other != gate and self.provider(other) == self.provider(gate)
        ]

    def circuit(self, gate: str) -> Circuit | None:
        """Return what is held against the provider behind a gate."""
        return self._circuits.get((gate, self.provider(gate)))

    def set_circuit(self, gate: str, circuit: Circuit | None) -> None:
        """Save what is held against the provider behind a gate from now on."""
        provider = self.provider(gate)
        if circuit == self._circuits.get((gate, provider)):
            return
        store.save_circuit(
            self._tx, gate=gate, provider=provider, circuit=circuit, now=self._now
        )
        if circuit is None:
            self._circuits.pop((gate, provider), None)
        else:
            self._circuits[gate, provider] = circuit

    def is_paused(self, queue: str) -> bool:
        """Whether a person has paused the queue."""
        state = self._states.get(queue)
        return state is not None and is_paused(state, self._now)

    @property
    def known(self) -> list[str]:
        """Every queue that there is."""
        return list(self._runtime.policy.queues)

    def takes_strangers(self, worker: str) -> bool:
        """Whether these workers drain what waits in queues that are no more."""
        return self.policy(STRANGERS).worker == worker

    def queues_of(self, worker: str) -> list[str]:
        """Return the queues that the workers of a name drain."""
        names = self._runtime.policy.queues
        return [name for name in names if self.policy(name).worker == worker]

    def spared_lanes(self) -> list[str]:
        """Return the lanes whose provider is left alone just now."""
        return [
            str(Lane(queue, gate))
            for gate, provider in self._circuits
            if self.is_spared(gate) and provider == self.provider(gate)
            for queue in self._runtime.policy.queues
        ]

    def is_spared(self, gate: str) -> bool:
        """Whether the provider behind a gate is left alone just now."""
        circuit = self.circuit(gate)
        return circuit is not None and circuit.is_open(self._now)

    def rooms(self, due: Mapping[Lane, int]) -> dict[Lane, tuple[Room, ...]]:
        """Return how many of the due rows each lane may let out.

        Lanes that share a gate share its room, so a row needs room in each it is told.
        """
        by_gate: dict[str, int] = {}
        for lane, count in due.items():
            by_gate[lane.gate] = by_gate.get(lane.gate, 0) + count
        of_gate = {
            gate: self._room_of_gate(gate, due=by_gate[gate]) for gate in by_gate
        }
        return {
            lane: (of_gate[lane.gate], *self._room_of_queue(lane, due=count))
            for lane, count in due.items()
            if not self.is_paused(lane.queue)
        }

    def lets_through(self, lane: Lane) -> bool:
        """Whether a row that was let out of the lane, and is on its way, may go on."""
        if self.is_paused(lane.queue) or self.circuit(lane.gate) is not None:
            return False
        of_gate, of_queue = (
            self.policy(name).rate_limit for name in (lane.gate, lane.queue)
        )
        # The row itself is counted among those that are on their way.
        if of_gate and self.used(of_gate, gate=lane.gate) > of_gate.count:
            return False
        if lane.queue == lane.gate or of_queue is None:
            return True
        used = self.used(of_queue, gate=lane.gate, queue=lane.queue)
        return used <= of_queue.count

    def used(self, rate: Rate, *, gate: str, queue: str | None = None) -> int:
        """Count what has left by a gate within the rate's span, or is about to."""
        left = store.left_within(
            self._tx, gate=gate, queue=queue, span=rate.per, now=self._now
        )
        return left + self._on_their_way(gate, queue)

    def look(self, queue: str, *, due: int = 0) -> Gate:
        """Return the state of a queue's gate, for a person; `due`: what waits there."""
        if self.is_paused(queue):
            state = self._states[queue]
            return Gate(
                state=GateState.PAUSED,
                reason=state["pause_reason"] or f"Paused by {state['paused_by']}.",
                until=state["paused_until"],
                by=state["paused_by"],
            )
        circuit = self.circuit(queue)
        if circuit is not None and circuit.is_tripped:
            return Gate(
                state=GateState.CIRCUIT_OPEN,
                reason=circuit.reason,
                until=circuit.open_until,
            )
        return self._look_at_limit(queue, due=due)

    def left(self, queue: str) -> int | None:
        """Return how many may leave under the queue's limit now; None: it has none."""
        rate = self.policy(queue).rate_limit
        return None if rate is None else max(rate.count - self._spent(rate, queue), 0)

    def _look_at_limit(self, queue: str, *, due: int) -> Gate:
        rate = self.policy(queue).rate_limit
        if rate is None:
            return Gate()
        room = room_under(rate, used=self._spent(rate, queue), due=due)
        if room.usual > 0:
            return Gate()
        reason = "As many as may leave in this time have left."
        if room.urgent > 0:
            reason = f"{reason} What is left of the limit is kept for what is urgent."
        until = store.next_slot(self._tx, gate=queue, span=rate.per, now=self._now)
        return Gate(state=GateState.RATE_LIMITED, reason=reason, until=until)

    def _spent(self, rate: Rate, queue: str) -> int:
        """What has left: over a channel from any queue, else by the fullest lane."""
        spent = self.used(rate, gate=queue)
        if queue in _CHANNELS:
            return spent
        others = (self.used(rate, gate=gate, queue=queue) for gate in _CHANNELS)
        return max(spent, *others)

    def _look(self) -> None:
        is_held, self.has_look_ups = store.glance(self._tx, now=self._now)
        self._states = store.queue_states_by_name(self._tx) if is_held else {}
        self._circuits = store.circuits_by_provider(self._tx) if is_held else {}

    def _room_of_gate(self, gate: str, *, due: int) -> Room:
        circuit = self.circuit(gate)
        if circuit is not None and circuit.is_tripped:
            probes = 0 if circuit.is_open(self._now) else 1
            return Room.of(max(probes - self._on_their_way(gate), 0))
        rate = self.policy(gate).rate_limit
        if rate is None:
            return Room.of(PLENTY)
        return room_under(rate, used=self.used(rate, gate=gate), due=due)

    def _room_of_queue(self, lane: Lane, *, due: int) -> tuple[Room, ...]:
        """The queue's own limit, where the rows leave by another gate."""
        rate = self.policy(lane.queue).rate_limit
        if rate is None or lane.queue == lane.gate:
            return ()
        used = self.used(rate, gate=lane.gate, queue=lane.queue)
        return (room_under(rate, used=used, due=due),)

    def _on_their_way(self, gate: str, queue: str | None = None) -> int:
        return sum(
            count
            for lane, count in self._queued.items()
            if lane.gate == gate and queue in (None, lane.queue)
        )

    @cached_property
    def _queued(self) -> Mapping[Lane, int]:
        queued = store.queued_by_lane(self._tx)
        return {Lane.parse(lane): count for lane, count in queued.items()}


def is_paused(state: sa.RowMapping, now: datetime) -> bool:
    """Whether a row of `queue_states` says that the queue is paused now."""
    if state["paused_at"] is None:
        return False
    return state["paused_until"] is None or state["paused_until"] > now
