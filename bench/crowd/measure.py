"""The whole of it: fills the tables once, then measures costs, lists and cleanup."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.children import scratch
from bench.crowd import cleaning, costs, lists
from bench.crowd.house import house, make_database
from bench.crowd.past import DAY_MS
from bench.crowd.rows import Waiting, fill_finished, fill_waiting
from bench.figures import Figure
from bench.provider import provider
from bench.stage import box


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """How many rows, and how often each cost is measured."""

    finished: int = 1_000_000
    waiting: int = 100_000
    #: The table that the costs are set against.
    few: int = 1_000
    times: int = 300
    job_times: int = 100
    load: cleaning.Load = field(default_factory=cleaning.Load)


def measure(crowd: Crowd, *, say: Callable[[str], None]) -> Iterator[Figure]:
    """Return every figure; about six minutes, and 3 GB of disk for a million rows."""
    with scratch() as folder:
        small, big = folder / "small", folder / "big"
        _fill(small, crowd.few)
        began = time.monotonic()
        say(f"filling a table with {crowd.finished} finished rows")
        _fill(big, crowd.finished)
        say(f"filled within {time.monotonic() - began:.0f} s")
        with house(small) as few, house(big) as many:
            pair = costs.Pair(
                small=few,
                big=many,
                small_waiting=crowd.few,
                big_waiting=crowd.waiting,
            )
            yield from costs.measure(
                pair, times=crowd.times, job_times=crowd.job_times, say=say
            )
            fill_waiting(many.runtime.database, crowd.waiting, _due_tomorrow)
        with provider(big) as found, box(big, found, policy=cleaning.POLICY) as stage:
            yield from lists.measure(stage, say=say)
            yield from cleaning.measure(stage, crowd.load, say=say)


def _fill(folder: Path, count: int) -> None:
    database = make_database(folder)
    fill_finished(database, count)
    database.close()


def _due_tomorrow(_number: int) -> Waiting:
    # Not by SMS: its queue must have room for what the website sends meanwhile.
    return Waiting(lane="email", due_in_ms=DAY_MS)
