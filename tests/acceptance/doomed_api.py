"""The real API, which dies in the middle of a payment: run with `-m`, it knows where.

`BELLHOP_TEST_DIE` names the point. It dies as by kill -9.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

import sqlalchemy as sa

from app.__main__ import main
from app.runtime import Runtime
from app.services import dispatch
from app.services.dispatch import Rungs

#: What a shell tells of a process that was ended by SIGKILL.
EXIT_KILLED = 137


def doom_release() -> None:
    """Have the API die inside the transaction that holds the planned messages."""
    release_within = dispatch.release_within

    def release_and_die(tx: sa.Connection, runtime: Runtime) -> Rungs:
        rungs = release_within(tx, runtime)
        if rungs:
            os._exit(EXIT_KILLED)
        return rungs

    dispatch.release_within = release_and_die


def doom_ring(*, first_ring: bool) -> None:
    """Have the API die with all committed, before it rings, or before it answers."""
    ring = dispatch.ring

    def ring_and_die(runtime: Runtime, rungs: Rungs) -> None:
        if first_ring:
            ring(runtime, rungs)
        if rungs:
            os._exit(EXIT_KILLED)

    dispatch.ring = ring_and_die


POINTS: Mapping[str, Callable[[], None]] = {
    "before_commit": doom_release,
    "before_ring": lambda: doom_ring(first_ring=False),
    "before_answer": lambda: doom_ring(first_ring=True),
}


if __name__ == "__main__":
    POINTS[os.environ["BELLHOP_TEST_DIE"]]()
    sys.exit(main(["api"]))
