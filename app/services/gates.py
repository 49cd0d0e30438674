"""The gates: what may leave at this moment, and why the rest may not.

Looked at by `choosing.py` in the transaction that lets rows out, and by pages. A gate
is open, paused by a person, rate-limited, or shut because its provider is down; while
it is shut rows wait in the database, and no attempt is used up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from app.channels.credentials import Mode
from app.domain.circuits import Circuit
from app.domain.fallback import (
    CALLS_LOOKED_AT,
    PastCall,
    is_ill,
    serving,
    to_be_tried,
)
from app.domain.lanes import Lane
from app.domain.openings import PLENTY, Room, room_under
from app.domain.queues import QueuePolicy, Rate
from app.domain.recipients import Channel
from app.runtime import Runtime
from app.services.policies import STRANGERS, overrides_in_force, policy_of
from app.storage import gates as store
from app.storage import releasing

CHANNELS = frozenset(Channel)


class Gates:
    """Every gate as it stands in one transaction; made anew for each."""

    def __init__(self, tx: sa.Connection, runtime: Runtime, *, now: datetime) -> None:
        self.tx = tx
        self.runtime = runtime
        self.now = now
        self._has_turn = False
        self._look()

    def take_turn(self) -> None:
        """Wait until nobody else changes what is let out, until this transaction ends.

        Whoever lets out or holds something against a provider does so in their turn.
        """
        if not self._has_turn and releasing.take_turn(self.tx):
            self._look()
        self._has_turn = True

    def policy(self, queue: str) -> QueuePolicy:
        """Return the queue's policy in force: what was set at run time counts first."""
        return policy_of(self.runtime, queue, state=self._states.get(queue))

    def overrides(self, queue: str) -> Mapping[str, Any]:
        """Return what was set at run time of a queue's policy, and holds."""
        state = self._states.get(queue)
        if state is None:
            return {}
        return overrides_in_force(self.runtime, queue, state["overrides"])

    def serving(self, gate: str) -> str:
        """Return who carries what leaves by a gate now; empty: nobody."""
        return serving(self._order(gate), self._circuits_of(gate), now=self.now)

    def to_be_tried(self, gate: str) -> str:
        """Return who takes one message to see whether it is well again; or nobody."""
        return to_be_tried(self._order(gate), self._circuits_of(gate), now=self.now)

    def has_another(self, gate: str, provider: str) -> bool:
        """Whether somebody else behind the gate is well."""
        return any(
            name != provider and not is_ill(self.circuit(gate, name))
            for name in self._order(gate)
        )

    def knows(self, gate: str, provider: str) -> bool:
        """Whether a provider stands behind the gate."""
        return provider in self._order(gate)

    def other_gates_of(self, provider: str, *, but: str) -> list[str]:
        """Return the other gates that the same company stands behind."""
        if provider == Mode.PREVIEW:
            return []
        return [gate for gate in CHANNELS - {but} if self.knows(gate, provider)]

    def last_calls(self, gate: str, provider: str) -> list[PastCall]:
        """Return how a provider's last calls by a gate went, the newest first."""
        return store.last_calls(
            self.tx, gate=gate, provider=provider, most=CALLS_LOOKED_AT
        )

    def circuit(self, gate: str, provider: str | None = None) -> Circuit | None:
        """Return what is held against a provider; without one: against who serves."""
        name = self.serving(gate) if provider is None else provider
        return self._circuits.get((gate, name))

    def set_circuit(self, gate: str, provider: str, circuit: Circuit | None) -> None:
        """Save what is held against a provider behind a gate from now on."""
        if circuit == self._circuits.get((gate, provider)):
            return
        store.save_circuit(
            self.tx, gate=gate, provider=provider, circuit=circuit, now=self.now
        )
        if circuit is None:
            self._circuits.pop((gate, provider), None)
        else:
            self._circuits[gate, provider] = circuit

    def state(self, queue: str) -> sa.RowMapping | None:
        """Return what was decided about a queue at run time; None: nothing."""
        return self._states.get(queue)

    def is_paused(self, queue: str) -> bool:
        """Whether a person has paused the queue."""
        state = self._states.get(queue)
        return state is not None and is_paused(state, self.now)

    @property
    def known(self) -> list[str]:
        """Every queue that there is."""
        return list(self.runtime.policy.queues)

    def takes_strangers(self, worker: str) -> bool:
        """Whether these workers drain what waits in queues that are no more."""
        return self.policy(STRANGERS).worker == worker

    def queues_of(self, worker: str) -> list[str]:
        """Return the queues that the workers of a name drain."""
        names = self.runtime.policy.queues
        return [name for name in names if self.policy(name).worker == worker]

    def spared_lanes(self) -> list[str]:
        """Return the lanes whose provider is left alone just now."""
        return [
            str(Lane(queue, gate))
            for gate in CHANNELS
            if self.is_spared(gate)
            for queue in self.runtime.policy.queues
        ]

    def is_spared(self, gate: str) -> bool:
        """Whether everybody behind a gate is left alone just now."""
        circuit = self.circuit(gate)
        return circuit is not None and circuit.is_open(self.now)

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
            self.tx, gate=gate, queue=queue, span=rate.per, now=self.now
        )
        return left + self._on_their_way(gate, queue)

    def _order(self, gate: str) -> tuple[Mode, ...]:
        return self.runtime.orders[Channel(gate)] if gate in CHANNELS else ()

    def _circuits_of(self, gate: str) -> dict[str, Circuit]:
        return {
            provider: circuit
            for (other, provider), circuit in self._circuits.items()
            if other == gate
        }

    def _look(self) -> None:
        is_held, self.has_look_ups = store.glance(self.tx, now=self.now)
        self._states = store.queue_states_by_name(self.tx) if is_held else {}
        self._circuits = store.circuits_by_provider(self.tx) if is_held else {}

    def _room_of_gate(self, gate: str, *, due: int) -> Room:
        circuit = self.circuit(gate)
        if circuit is not None and circuit.is_tripped:
            probes = 0 if circuit.is_open(self.now) else 1
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
        queued = store.queued_by_lane(self.tx)
        return {Lane.parse(lane): count for lane, count in queued.items()}


def is_paused(state: sa.RowMapping, now: datetime) -> bool:
    """Whether a row of `queue_states` says that the queue is paused now."""
    if state["paused_at"] is None:
        return False
    return state["paused_until"] is None or state["paused_until"] > now
