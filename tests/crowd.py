"""Houses with a past: some finished and waiting rows, and how much a deed looks at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.runtime import Runtime
from bench.crowd.rows import Mix, Waiting, fill_finished, fill_waiting
from tests.fakes import FakeDoorbell
from tests.house import make_runtime

#: Instructions of SQLite's virtual machine between two counts.
STRIDE = 10


def make_crowd(
    folder: Path, *, finished: int, waiting: int, mix: Mix | None = None
) -> Runtime:
    """Build a house with so many finished and waiting rows; the caller closes it."""
    runtime = make_runtime(folder, doorbell=FakeDoorbell(), BELLHOP_PREVIEW="1")
    fill_finished(runtime.database, finished)
    fill_waiting(runtime.database, waiting, mix or (lambda _number: Waiting()))
    return runtime


def steps(runtime: Runtime, deed: Callable[[], object]) -> int:
    """Do a deed; return how many steps SQLite took for it, to the next ten.

    They tell what was looked at, whatever else the machine does meanwhile.
    """
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += STRIDE
        return 0

    def begin(connection: sa.Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(count, STRIDE)

    def end(connection: sa.Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(None, 0)

    engine = runtime.database.engine
    listeners = {"begin": begin, "commit": end, "rollback": end}
    for name, listener in listeners.items():
        sa.event.listen(engine, name, listener)
    try:
        deed()
    finally:
        for name, listener in listeners.items():
            sa.event.remove(engine, name, listener)
    return counted
