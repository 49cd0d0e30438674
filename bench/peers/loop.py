"""The same job without a queue: rows 0 to N-1, one after the other.

`python -m bench.peers.loop N`; the rows are saved first. The ceiling for everyone.
"""

from __future__ import annotations

import sys

from bench.peers.job import deliver, job


def main(count: int) -> None:
    """Save so many rows and deliver them."""
    job().add(range(count))
    for row_id in range(count):
        deliver(row_id)


if __name__ == "__main__":
    main(int(sys.argv[1]))
