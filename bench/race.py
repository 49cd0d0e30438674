"""The same delivery on Bellhop, its peers and a plain loop, by turns.

Every round each contestant has one turn, so that a noisy machine hits all alike; a
ratio is the median of the rounds' ratios, every other figure the median of the rounds
or a quantile over all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Self

from bench.children import scratch
from bench.contestants import PEERS, Bellhop, Contestant, Load, Loop, Turn
from bench.figures import Figure, quantile

#: Promised: Bellhop is ahead of every peer; aimed at: so far ahead, in its drain rate.
AIMS = {"Celery": 1.5, "loop without a queue": 0.8}
#: Promised: milliseconds from the end of the enqueuing call to an idle box' provider.
P50_LIMIT_MS, P99_LIMIT_MS = 5.0, 20.0
#: Promised: what one more waiting message adds to the queue server's memory. It is
#: nothing; this is what its bookkeeping wavers by.
FLAT_BYTES = 10.0


@dataclass(frozen=True, kw_only=True)
class Course:
    """How long the race is: rounds, and per round and contestant the messages."""

    rounds: int = 5
    drained: int = 600
    #: Over all rounds.
    singles: int = 100
    #: Messages that wait when the queue server's memory is looked at.
    waiting: int = 1000

    def with_rounds(self, rounds: int | None) -> Self:
        """Return the same with another number of rounds (None: as it is)."""
        return replace(self, rounds=rounds or self.rounds)


def measure(
    course: Course, *, with_peers: bool, say: Callable[[str], None]
) -> list[Figure]:
    """Return the rates, ratios, latencies and the queue's memory of all contestants."""
    contestants: list[Contestant] = [Bellhop(), *(PEERS if with_peers else ()), Loop()]
    turns = _run(course, contestants, say=say)
    with_queue = {each.name: each for each in contestants if each.has_queue}
    woken = {name: turns[name] for name in with_queue}
    return [
        *rates(turns),
        *ratios(turns),
        *(figure for name in woken for figure in waking(name, woken[name])),
        *no_later(woken),
        *(_queue_memory(it, course.waiting, say=say) for it in with_queue.values()),
    ]


def _run(
    course: Course, contestants: Sequence[Contestant], *, say: Callable[[str], None]
) -> dict[str, list[Turn]]:
    turns: dict[str, list[Turn]] = {each.name: [] for each in contestants}
    singles = -(-course.singles // course.rounds)
    for number in range(course.rounds):
        load = Load(drained=course.drained, singles=singles, seed=number)
        for each in contestants:
            with scratch() as folder:
                turn = each.turn(folder, load)
            turns[each.name].append(turn)
            say(f"round {number + 1} of {course.rounds}: {each.name} {turn.rate:.0f}/s")
    return turns


def rates(turns: Mapping[str, Sequence[Turn]]) -> list[Figure]:
    """Return each contestant's median drain rate, and what its rounds lay between."""
    return [
        Figure(
            name=f"drain rate, {name}",
            value=median(found),
            unit="/s",
            note=f"rounds {min(found):.0f} to {max(found):.0f}",
        )
        for name, taken in turns.items()
        if (found := [turn.rate for turn in taken])
    ]


def ratios(turns: Mapping[str, Sequence[Turn]]) -> list[Figure]:
    """Return Bellhop's drain rate by that of each other one."""
    own, *others = turns
    is_peer = {peer.name for peer in PEERS}
    return [
        Figure(
            name=f"drain rate, {own} / {other}",
            value=median(
                ours.rate / theirs.rate
                for ours, theirs in zip(turns[own], turns[other], strict=True)
            ),
            unit="",
            floor=1.0 if other in is_peer else None,
            aim=AIMS.get(other),
        )
        for other in others
    ]


def waking(name: str, turns: Sequence[Turn]) -> list[Figure]:
    """Return how long one message took from its enqueuing to the provider."""
    limits = (P50_LIMIT_MS, P99_LIMIT_MS) if name == Bellhop.name else (None, None)
    return [
        Figure(
            name=f"idle, enqueued to provider, {name}, p{share * 100:.0f}",
            value=_wait_ms(turns, share),
            unit="ms",
            limit=limit,
            note=f"from the call's beginning {_call_ms(turns, share):.2f}",
        )
        for share, limit in zip((0.5, 0.99), limits, strict=True)
    ]


def no_later(turns: Mapping[str, Sequence[Turn]]) -> list[Figure]:
    """Return Bellhop's median latency by that of the fastest peer."""
    own, *peers = turns
    if not peers:
        return []
    fastest = min(peers, key=lambda peer: _wait_ms(turns[peer], 0.5))
    ratio = _wait_ms(turns[own], 0.5) / _wait_ms(turns[fastest], 0.5)
    name = f"idle, enqueued to provider, p50, {own} / fastest peer"
    return [Figure(name=name, value=ratio, unit="", limit=1.0, note=fastest)]


def _wait_ms(turns: Sequence[Turn], share: float) -> float:
    waits = [wait for turn in turns for wait in turn.since_return]
    return 1000 * quantile(waits, share)


def _call_ms(turns: Sequence[Turn], share: float) -> float:
    return 1000 * quantile([wait for turn in turns for wait in turn.since_call], share)


def _queue_memory(
    contestant: Contestant, waiting: int, *, say: Callable[[str], None]
) -> Figure:
    """Return what one more message takes, beyond what a few take at once."""
    few = waiting // 10
    say(f"memory of {waiting} waiting messages: {contestant.name}")
    with scratch() as folder:
        with_few = contestant.queue_bytes(folder, few)
    with scratch() as folder:
        with_many = contestant.queue_bytes(folder, waiting)
    return Figure(
        name=f"a waiting message in Redis, {contestant.name}",
        value=(with_many - with_few) / (waiting - few),
        unit="bytes",
        limit=FLAT_BYTES if contestant.name == Bellhop.name else None,
    )
