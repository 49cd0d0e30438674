"""`/schedule`: what runs when, who leads, and a run out of turn."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.domain.schedule import SCHEDULE
from app.services import jobs
from app.services.keys import Scope
from app.services.leadership import Leadership
from tests.door import Door, assert_problem


def test_every_job_is_shown_as_the_policy_has_it(door: Door) -> None:
    began = datetime(2027, 1, 18, 9, 0, tzinfo=UTC)
    jobs.note_failure(door.runtime, "cleanup", started_at=began, error="disk full")

    answer = door.get("/schedule").json

    found = {job["name"]: job for job in answer["data"]}
    assert list(found) == list(SCHEDULE)
    assert found["retry_failed"]["timing"] == "5m"
    assert found["retry_failed"]["last_run_at"] is None
    assert found["cleanup"] == {
        "name": "cleanup",
        "timing": "1h",
        "last_run_at": "2027-01-18T09:00:00Z",
        "last_success_at": None,
        "error": "disk full",
        "next_run_at": "2027-01-18T10:00:00Z",
        "requested_at": None,
        "running_since": None,
    }
    assert (answer["leader"], answer["standbys"]) == (None, [])


def test_the_leader_and_the_standby_are_shown(door: Door) -> None:
    for _ in range(2):
        Leadership(door.runtime).seek()

    answer = door.get("/schedule").json

    assert answer["leader"]["alive"] is True
    assert answer["leader"]["pid"] > 0
    assert answer["leader"]["host"]
    assert [one["alive"] for one in answer["standbys"]] == [True]


def test_a_run_that_is_asked_for_is_written_down_for_the_leader(door: Door) -> None:
    answer = door.post("/schedule/cleanup/run")

    assert answer.status == 202
    assert answer.json["name"] == "cleanup"
    assert answer.json["requested_at"] is not None
    assert list(jobs.requests(door.runtime)) == ["cleanup"]


def test_who_asks_twice_gets_one_run(door: Door) -> None:
    first = door.post("/schedule/cleanup/run").json

    second = door.post("/schedule/cleanup/run").json

    assert second["requested_at"] == first["requested_at"]


def test_the_same_idempotency_key_asks_once(door: Door) -> None:
    first = door.post("/schedule/cleanup/run", Idempotency_Key="a")
    (asked_at,) = jobs.requests(door.runtime).values()
    jobs.begin_requested(door.runtime, "cleanup", requested_at=asked_at)

    again = door.post("/schedule/cleanup/run", Idempotency_Key="a")

    assert again.text == first.text
    assert jobs.requests(door.runtime) == {}


def test_an_unknown_job_is_not_found_with_the_nearest_name(door: Door) -> None:
    answer = door.post("/schedule/clean_up/run")

    assert_problem(answer, 404)
    assert "The nearest is 'cleanup'." in answer.json["detail"]


@pytest.mark.parametrize("scope", [Scope.SITE, Scope.PUBLIC, Scope.METRICS])
def test_the_schedule_is_for_admins(door: Door, scope: Scope) -> None:
    visitor = door.as_scope(scope)

    assert_problem(visitor.get("/schedule"), 403)
    assert_problem(visitor.post("/schedule/cleanup/run"), 403)
    assert jobs.requests(door.runtime) == {}


def test_a_job_that_was_asked_for_before_it_ever_ran_has_not_run(door: Door) -> None:
    door.post("/schedule/heartbeat/run")

    assert jobs.all_jobs(door.runtime) == {}
    assert "The scheduler is not running" in door.get("//readyz").text
