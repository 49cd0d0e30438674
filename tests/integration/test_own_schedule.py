"""Tasks on a schedule: planned once per moment, caught up once, never for the past."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.schedule import Cron
from app.services import jobs, own_schedule
from app.services.own_schedule import JOB, last_due
from app.work import task
from tests.own import Shed, open_shed

BERLIN = ZoneInfo("Europe/Berlin")


@task(every="1h")
def hourly() -> None: ...


@task(cron="0 2 * * *")
def nightly(deep: bool = False) -> None: ...  # noqa: FBT001, FBT002 - as owners write


@task()
def never() -> None: ...


@pytest.fixture(name="shed")
def shed_of_the_house(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path, (hourly, nightly, never)) as shed:
        yield shed


@contextmanager
def a_run(shed: Shed) -> Iterator[None]:
    started_at = shed.clock.now
    yield
    jobs.note_success(shed.runtime, JOB, started_at=started_at)


def run(shed: Shed, **later: float) -> int:
    """Move the clock and do what the scheduler does then."""
    shed.clock.advance(**later)
    with a_run(shed):
        return own_schedule.plan_due(shed.runtime)


def test_a_task_comes_once_for_each_moment(shed: Shed) -> None:
    run(shed, minutes=30)

    planned = [run(shed, minutes=10) for _ in range(12)]

    assert planned == [0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0]
    assert len(shed.all(hourly)) == 2
    assert shed.all(never) == []


def test_a_run_that_dies_before_it_is_noted_plans_nothing_twice(shed: Shed) -> None:
    run(shed, minutes=30)
    shed.clock.advance(minutes=31)
    own_schedule.plan_due(shed.runtime)

    assert run(shed, seconds=10) == 0


def test_a_moment_while_a_run_lasted_is_not_forgotten(shed: Shed) -> None:
    shed.clock.advance(minutes=59, seconds=58)
    with a_run(shed):
        own_schedule.plan_due(shed.runtime)
        shed.clock.advance(seconds=5)

    assert run(shed, seconds=10) == 1


def test_what_was_missed_is_caught_up_once(shed: Shed) -> None:
    run(shed, minutes=30)

    assert run(shed, days=3) == 2

    assert len(shed.all(hourly)) == len(shed.all(nightly)) == 1


def test_a_failed_run_is_made_up_for(shed: Shed) -> None:
    run(shed, minutes=30)
    shed.clock.advance(minutes=31)
    now = shed.clock.now
    jobs.note_failure(shed.runtime, JOB, started_at=now, error="the disk is full")

    assert run(shed, minutes=5) == 1


def test_a_new_task_does_not_catch_up_on_last_night(shed: Shed) -> None:
    assert run(shed, minutes=30) == 0


def test_a_cron_line_is_in_the_time_of_the_business(tmp_path: Path) -> None:
    with open_shed(tmp_path, (nightly,), BELLHOP_TIMEZONE="Asia/Kolkata") as shed:
        run(shed, hours=1)

        run(shed, days=1)

        (planned,) = shed.all(nightly)
        assert "T20:30:00+00:00" in planned["dedupe_key"]


def test_a_task_that_nobody_runs_makes_way_for_the_next_one(shed: Shed) -> None:
    run(shed, minutes=30)
    run(shed, minutes=30)

    (planned,) = shed.all(hourly)

    assert planned["useful_until"] == shed.clock.now + timedelta(hours=1)


@pytest.mark.parametrize(
    ("line", "last"),
    [
        ("* * * * *", datetime(2027, 6, 15, 10, 7, tzinfo=UTC)),
        ("*/5 * * * *", datetime(2027, 6, 15, 10, 5, tzinfo=UTC)),
        ("30 * * * *", datetime(2027, 6, 15, 9, 30, tzinfo=UTC)),
        ("0 2 * * *", datetime(2027, 6, 15, 0, 0, tzinfo=UTC)),
        ("0 2 1 * *", datetime(2027, 6, 1, 0, 0, tzinfo=UTC)),
        ("0 2 1 1 *", datetime(2027, 1, 1, 1, 0, tzinfo=UTC)),
        ("0 2 29 2 *", datetime(2024, 2, 29, 1, 0, tzinfo=UTC)),
    ],
)
def test_the_last_time_of_a_line_is_found(line: str, last: datetime) -> None:
    now = datetime(2027, 6, 15, 10, 7, 30, tzinfo=UTC)

    assert last_due(Cron.parse(line), now=now, timezone=BERLIN) == last


@given(
    st.integers(1, 10**6),
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),  # noqa: DTZ001 - hypothesis adds no zone here
)
def test_an_interval_is_due_at_its_multiples(seconds: int, moment: datetime) -> None:
    now, timing = moment.replace(tzinfo=UTC), timedelta(seconds=seconds)

    due = last_due(timing, now=now, timezone=BERLIN)

    assert due is not None
    assert due <= now < due + timing
    assert due.timestamp() % seconds == 0
