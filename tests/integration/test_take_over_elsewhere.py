"""A worker of another host is dead when its heartbeat does not change any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.services import workers
from app.storage import recovering
from tests.elsewhere import be_elsewhere, look_on, take_over_from_elsewhere
from tests.engine import Engine


@pytest.mark.parametrize(("silent_s", "is_dead"), [(29.999, False), (30, True)])
def test_another_hosts_worker_is_dead_when_its_heartbeat_is_the_same_for_long(
    engine: Engine,
    silent_s: float,
    is_dead: bool,  # noqa: FBT001 - the expectation
) -> None:
    message = engine.message()
    engine.put_into(message, "sending", worker_boot_id=engine.presence.boot_id)
    be_elsewhere(engine)
    engine.die()

    found = look_on(engine, seconds=silent_s)

    assert found == is_dead
    assert engine.status(message) == ("unknown" if is_dead else "sending")


def test_without_its_lock_file_a_worker_lives_as_long_as_its_heart_beats(
    engine: Engine,
) -> None:
    # Somebody has tidied up the folder; the worker holds the file that was there.
    message = engine.message()
    engine.put_into(message, "sending", worker_boot_id=engine.presence.boot_id)
    engine.presence.lock_path.unlink()

    assert look_on(engine, seconds=29) == 0
    workers.beat(engine.runtime, engine.presence)
    assert look_on(engine, seconds=29) == 0
    assert engine.status(message) == "sending"

    assert look_on(engine, seconds=1) == 1
    assert engine.status(message) == "unknown"


def test_nobody_is_dead_because_the_database_was_away(engine: Engine) -> None:
    # Nobody could look, and nobody could beat; who looks first finds old heartbeats.
    be_elsewhere(engine)
    look_on(engine, seconds=5)

    engine.clock.advance(minutes=10)

    assert workers.take_over(engine.runtime) == 0
    assert workers.beat(engine.runtime, engine.presence)
    assert look_on(engine, seconds=29) == 0


@pytest.mark.parametrize("hours", [-1, 1])
def test_nobody_is_dead_because_two_hosts_clocks_differ(
    engine: Engine, hours: int
) -> None:
    be_elsewhere(engine)

    for _ in range(20):
        beat_by_another_clock(engine, hours=hours)
        assert look_on(engine, seconds=5) == 0

    assert look_on(engine, seconds=30) == 1


def test_a_clock_that_is_set_kills_nobody_and_saves_nobody(engine: Engine) -> None:
    be_elsewhere(engine)
    look_on(engine, seconds=20)

    engine.clock.now += timedelta(days=1)
    assert workers.take_over(engine.runtime) == 0
    engine.clock.now -= timedelta(days=2)
    assert workers.take_over(engine.runtime) == 0

    assert look_on(engine, seconds=10) == 1


def test_who_looks_less_often_takes_over_all_the_same(engine: Engine) -> None:
    be_elsewhere(engine)

    assert look_on(engine, seconds=60, every_s=15) == 1


def test_a_worker_that_was_taken_for_dead_hears_of_it(engine: Engine) -> None:
    assert workers.beat(engine.runtime, engine.presence)
    take_over_from_elsewhere(engine)

    assert not workers.beat(engine.runtime, engine.presence)


def beat_by_another_clock(engine: Engine, *, hours: int) -> None:
    now = engine.clock.now + timedelta(hours=hours)
    with engine.runtime.database.write() as tx:
        assert recovering.beat(tx, boot_id=engine.presence.boot_id, now=now)
