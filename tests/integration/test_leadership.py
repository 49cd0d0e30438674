"""Who leads: one at a time, by a lease that both sides watch by their own clocks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from app.clock import utc_now
from app.errors import StorageUnavailableError
from app.runtime import Runtime
from app.services import leadership
from app.services.leadership import LASTS, Leadership, leaders
from app.storage import leases
from tests.house import make_runtime
from tests.scheduling import Time, scheduler_of, time_in_hand

SECOND = timedelta(seconds=1)


@pytest.fixture(name="time")
def clocks() -> Iterator[Time]:
    with time_in_hand() as time:
        yield time


@pytest.fixture
def runtime(time: Time, tmp_path: Path) -> Iterator[Runtime]:
    with make_runtime(tmp_path) as house:
        yield house


def place(runtime: Runtime) -> leadership.Leaders:
    with runtime.database.read() as tx:
        return leaders(tx)


@contextmanager
def database_away(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def fail() -> None:
        raise StorageUnavailableError("The database cannot be used just now.")

    with monkeypatch.context() as patch:
        patch.setattr(runtime.database, "write", fail)
        patch.setattr(runtime.database, "read", fail)
        yield


def test_of_two_one_leads_and_the_other_waits(runtime: Runtime) -> None:
    alice, bob = scheduler_of(runtime), scheduler_of(runtime)

    assert [alice.tick(), bob.tick(), alice.tick(), bob.tick()] == [
        True,
        False,
        True,
        False,
    ]


def test_of_many_who_come_at_the_same_time_one_leads(runtime: Runtime) -> None:
    crowd = [Leadership(runtime) for _ in range(8)]
    start = threading.Barrier(len(crowd))

    def come(one: Leadership) -> bool:
        start.wait()
        return one.seek()

    with ThreadPoolExecutor(len(crowd)) as pool:
        found = list(pool.map(come, crowd))

    assert found.count(True) == 1


def test_a_leader_that_renews_leads_on(runtime: Runtime, time: Time) -> None:
    alice, bob = scheduler_of(runtime), scheduler_of(runtime)
    alice.tick()
    since = place(runtime).leader

    for _ in range(100):
        time.pass_by(1)
        assert (alice.tick(), bob.tick()) == (True, False)

    assert place(runtime).leader == since


def test_a_leader_that_was_killed_is_followed_within_seconds(
    runtime: Runtime, time: Time
) -> None:
    alice, bob = scheduler_of(runtime), scheduler_of(runtime)
    alice.tick()
    bob.tick()

    waited = 0
    while not bob.tick():
        time.pass_by(1)
        waited += 1

    assert waited <= 16


def test_one_that_leaves_in_order_is_followed_at_once(
    runtime: Runtime, time: Time
) -> None:
    alice, bob = scheduler_of(runtime), scheduler_of(runtime)
    alice.tick()
    bob.tick()

    alice.leadership.give_back()

    time.pass_by(1)
    assert bob.tick()
    assert not alice.leadership.leads


def test_one_that_was_frozen_ceases_to_lead_before_another_may(
    runtime: Runtime, time: Time
) -> None:
    alice, bob = scheduler_of(runtime), scheduler_of(runtime)
    alice.tick()

    time.pass_by(LASTS.total_seconds() - 1)

    assert not alice.leadership.leads
    assert not bob.tick()
    time.pass_by(1)
    assert bob.tick()
    assert not alice.tick()


@pytest.mark.parametrize("clock", ["wall", "steady"])
def test_each_of_its_two_clocks_alone_ends_a_leader_s_time(
    runtime: Runtime, time: Time, clock: str
) -> None:
    alice = scheduler_of(runtime)
    alice.tick()

    if clock == "wall":  # the machine slept
        time.wall.advance(seconds=14)
    else:  # the clock was set back meanwhile
        time.steady_s += 14

    assert not alice.leadership.leads


def test_one_that_nobody_followed_leads_on_after_its_sleep(
    runtime: Runtime, time: Time
) -> None:
    alice = scheduler_of(runtime)
    alice.tick()

    time.pass_by(3600)

    assert alice.tick()


def test_a_job_of_one_that_has_ceased_to_lead_does_nothing(
    runtime: Runtime, time: Time
) -> None:
    alice, bob = scheduler_of(runtime), scheduler_of(runtime)
    alice.tick()
    alice.runs["cleanup"]()
    time.pass_by(20)
    bob.tick()

    alice.runs["cleanup"]()  # it wakes: APScheduler starts what is due at once
    bob.runs["relay"]()

    assert (alice.done, bob.done) == (["cleanup"], ["relay"])


def test_without_a_database_a_leader_stops_and_comes_back_by_itself(
    runtime: Runtime, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = scheduler_of(runtime)
    alice.tick()

    with database_away(runtime, monkeypatch):
        led = 0
        while alice.tick():
            time.pass_by(1)
            led += 1
        alice.runs["cleanup"]()
        assert alice.done == []

    assert led <= LASTS / SECOND - 2
    assert alice.tick()
    alice.runs["cleanup"]()
    assert alice.done == ["cleanup"]


def test_the_end_of_an_outage_is_no_flood_of_warnings(
    runtime: Runtime,
    time: Time,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    alice = scheduler_of(runtime)
    alice.tick()

    with database_away(runtime, monkeypatch):
        for _ in range(30):
            time.pass_by(1)
            alice.tick()

    assert [r.message for r in caplog.records if r.levelname == "WARNING"] == [
        "Lease out of reach"
    ]


def test_jobs_start_with_the_lead_and_stop_with_it(
    runtime: Runtime, time: Time
) -> None:
    alice, bob = scheduler_of(runtime), scheduler_of(runtime)
    alice.tick()
    bob.tick()
    assert set(alice.timetable.times.values()) == {time.wall.now}
    assert set(bob.timetable.times.values()) == {None}

    time.pass_by(20)
    bob.tick()
    alice.tick()

    assert set(bob.timetable.times.values()) == {time.wall.now}
    assert set(alice.timetable.times.values()) == {None}


def test_people_see_who_leads_and_who_waits(runtime: Runtime, time: Time) -> None:
    alice, bob = scheduler_of(runtime), scheduler_of(runtime)
    alice.tick()
    time.pass_by(1)
    bob.tick()

    found = place(runtime)

    assert found.leader is not None
    assert found.leader.is_alive
    assert found.leader.since == time.wall.now - SECOND
    assert [standby.since for standby in found.standbys] == [time.wall.now]
    time.pass_by(16)
    assert not place(runtime).leader.is_alive  # type: ignore[union-attr]  # it is there
    assert place(runtime).standbys == ()


def test_a_standby_that_takes_over_is_no_standby_any_more(
    runtime: Runtime, time: Time
) -> None:
    alice, bob = scheduler_of(runtime), scheduler_of(runtime)
    alice.tick()
    bob.tick()
    alice.leadership.give_back()

    bob.tick()

    assert place(runtime).standbys == ()
    with runtime.database.read() as tx:
        assert len(leases.all_leases(tx)) == 1


def test_one_that_was_followed_gives_nothing_back(runtime: Runtime, time: Time) -> None:
    alice, bob = scheduler_of(runtime), scheduler_of(runtime)
    alice.tick()
    time.pass_by(20)
    bob.tick()

    alice.leadership.give_back()

    assert bob.tick()
    assert place(runtime).leader is not None


def test_where_a_lock_says_that_the_last_one_is_dead_nobody_waits(
    runtime: Runtime,
) -> None:
    scheduler_of(runtime).tick()
    after_a_crash = scheduler_of(runtime)

    after_a_crash.leadership.succeed()

    assert after_a_crash.tick()


def test_the_lease_s_clock_is_the_database_s_own(tmp_path: Path) -> None:
    with make_runtime(tmp_path) as house, house.database.read() as tx:
        moment = leases.now(tx)

        assert moment.tzinfo is not None
        assert abs(moment - utc_now()) < timedelta(minutes=1)
