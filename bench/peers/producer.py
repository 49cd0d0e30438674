"""The website's side of a peer: saves rows and enqueues them with the peer's own call.

`python -m bench.peers.producer MODULE fill FIRST COUNT`, or with `singles` in place of
`fill` and a seed at the end.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

from bench.peers.job import job, phone
from bench.peers.singles import one_by_one


def main(arguments: list[str]) -> None:
    """Do one of the two deeds; the singles' times are printed as JSON."""
    module, deed, *rest = arguments
    enqueue = importlib.import_module(f"bench.peers.{module}").enqueue
    first, count, *seed = map(int, rest)
    if deed == "fill":
        _fill(enqueue, range(first, first + count))
    else:
        singles = one_by_one(
            count, seed=seed[0], enqueue=lambda number: _save(enqueue, first + number)
        )
        print(json.dumps(singles))


def _fill(enqueue: Callable[[int], Any], row_ids: range) -> None:
    job().add(row_ids)
    for row_id in row_ids:
        enqueue(row_id)


def _save(enqueue: Callable[[int], Any], row_id: int) -> str:
    job().add([row_id])
    enqueue(row_id)
    return phone(row_id)


if __name__ == "__main__":
    main(sys.argv[1:])
