"""A worker of another host, of which only its heartbeats can be seen."""

from __future__ import annotations

import sqlalchemy as sa

from app.services import workers
from app.storage.tables import workers as worker_rows
from tests.engine import Engine


def be_elsewhere(engine: Engine) -> None:
    """Let all workers be of another host."""
    with engine.runtime.database.write() as tx:
        tx.execute(sa.update(worker_rows).values(host="elsewhere:/var"))


def look_on(engine: Engine, *, seconds: float, every_s: float = 5) -> int:
    """Do what the scheduler does every few seconds; return how many it found dead."""
    found = workers.take_over(engine.runtime)
    until_s = engine.clock.steady_s + seconds
    while (left_s := until_s - engine.clock.steady_s) > 0:
        engine.clock.advance(seconds=min(every_s, left_s))
        found += workers.take_over(engine.runtime)
    return found


def take_over_from_elsewhere(engine: Engine) -> None:
    """Do what another host does when this one was silent for too long."""
    be_elsewhere(engine)
    assert look_on(engine, seconds=30) == 1
