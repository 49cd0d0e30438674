"""What a leader starts: what is due, what was missed, and what somebody asks for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.clock import utc_now
from app.errors import NotFoundError
from app.runtime import Runtime
from app.services import jobs
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


def ask_for(runtime: Runtime, name: str) -> jobs.Job:
    with runtime.database.write() as tx:
        return jobs.request_run(tx, runtime, name)


def test_a_job_that_is_asked_for_is_started_once(runtime: Runtime, time: Time) -> None:
    alice = scheduler_of(runtime)
    alice.tick()
    time.pass_by(2)

    asked = ask_for(runtime, "cleanup")
    alice.tick()

    assert asked.requested_at == time.wall.now
    assert alice.timetable.times["cleanup"] == time.wall.now
    time.pass_by(1)
    alice.tick()  # it waits for its thread: it is not asked for anew
    assert alice.timetable.times["cleanup"] == time.wall.now - SECOND
    alice.runs["cleanup"]()
    assert jobs.requests(runtime) == {}


def test_a_job_that_is_running_runs_again_only_after_it_has_ended(
    runtime: Runtime, time: Time
) -> None:
    alice = scheduler_of(runtime)
    alice.tick()
    at_first = alice.timetable.times["cleanup"]
    seen = []

    def work(_runtime: Runtime) -> None:
        ask_for(runtime, "cleanup")
        time.pass_by(1)
        alice.tick()
        seen.append(alice.timetable.times["cleanup"])

    alice.runs["cleanup"]._work = work
    alice.runs["cleanup"]()
    assert seen == [at_first]

    alice.tick()

    assert alice.timetable.times["cleanup"] == time.wall.now


def test_a_request_outlives_the_scheduler_that_heard_it(
    runtime: Runtime, time: Time
) -> None:
    alice, bob = scheduler_of(runtime), scheduler_of(runtime)
    alice.tick()
    ask_for(runtime, "cleanup")
    alice.tick()
    time.pass_by(16)

    bob.tick()
    bob.runs["cleanup"]()
    time.pass_by(1)
    bob.tick()
    bob.runs["cleanup"]()

    assert jobs.requests(runtime) == {}
    assert bob.done == ["cleanup", "cleanup"]


def test_a_job_that_does_not_exist_is_not_found_with_the_nearest_name(
    runtime: Runtime,
) -> None:
    with pytest.raises(NotFoundError, match="The nearest is 'cleanup'"):
        ask_for(runtime, "cleanups")


def test_a_run_that_takes_its_time_is_shown_while_it_lasts(
    runtime: Runtime, time: Time
) -> None:
    alice = scheduler_of(runtime)
    alice.tick()
    shown = []

    def since() -> datetime | None:
        (job,) = [j for j in jobs.schedule(runtime).jobs if j.name == "cleanup"]
        return job.running_since

    def work(_runtime: Runtime) -> None:
        for seconds in (0.5, 1):
            time.pass_by(seconds)
            alice.tick()
            shown.append(since())

    began = time.wall.now
    alice.runs["cleanup"]._work = work
    alice.runs["cleanup"]()

    assert shown == [None, began]
    assert since() is None


def test_a_new_leader_forgets_what_the_last_one_was_doing(
    runtime: Runtime, time: Time
) -> None:
    jobs.note_running(runtime, "cleanup", since=utc_now())

    scheduler_of(runtime).tick()

    assert {j.running_since for j in jobs.schedule(runtime).jobs} == {None}


@pytest.fixture
def nightly(time: Time, tmp_path: Path) -> Iterator[Runtime]:
    """A house in Berlin that cleans up at two in the night."""
    policy = '[schedule]\ncleanup = "0 2 * * *"\n'
    (tmp_path / "bellhop.toml").write_text(policy, encoding="utf-8")
    time.wall.now = datetime(2027, 1, 18, 9, 0, tzinfo=UTC)
    with make_runtime(tmp_path, BELLHOP_TIMEZONE="Europe/Berlin") as house:
        yield house


TONIGHT = datetime(2027, 1, 19, 1, 0, tzinfo=UTC)


def test_a_line_that_never_ran_waits_for_its_time(nightly: Runtime) -> None:
    alice = scheduler_of(nightly)

    alice.tick()

    assert alice.timetable.times["cleanup"] == TONIGHT
    (job,) = [j for j in jobs.schedule(nightly).jobs if j.name == "cleanup"]
    assert (job.timing, job.next_run_at, job.last_run_at) == (
        "0 2 * * *",
        TONIGHT,
        None,
    )


@pytest.mark.parametrize(
    ("away", "is_missed"),
    [(timedelta(hours=15), "no"), (timedelta(days=4), "yes")],
)
def test_what_was_missed_of_a_line_is_caught_up_once(
    nightly: Runtime, time: Time, away: timedelta, is_missed: str
) -> None:
    alice = scheduler_of(nightly)
    alice.tick()
    alice.runs["cleanup"]()
    time.pass_by(away.total_seconds())

    bob = scheduler_of(nightly)
    bob.tick()

    first = bob.timetable.times["cleanup"]
    assert first is not None
    assert (first == time.wall.now) is (is_missed == "yes")
    bob.runs["cleanup"]()
    anew = scheduler_of(nightly)
    time.pass_by(20)
    anew.tick()
    following = anew.timetable.times["cleanup"]
    assert following is not None
    assert time.wall.now < following <= time.wall.now + timedelta(days=1)


def test_a_clock_that_was_set_back_does_not_silence_a_line(
    nightly: Runtime, time: Time
) -> None:
    jobs.note_success(
        nightly, "cleanup", started_at=time.wall.now + timedelta(days=900)
    )
    alice = scheduler_of(nightly)

    alice.tick()

    assert alice.timetable.times["cleanup"] == TONIGHT


def test_a_late_job_is_shown_late_while_nobody_leads(
    runtime: Runtime, time: Time
) -> None:
    alice = scheduler_of(runtime)
    alice.tick()
    alice.runs["relay"]()
    due = time.wall.now + timedelta(seconds=5)
    time.pass_by(60)

    (job,) = [j for j in jobs.schedule(runtime).jobs if j.name == "relay"]

    assert job.next_run_at == due
