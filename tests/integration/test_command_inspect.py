"""`inspect schedule`: the jobs and their leader, for people and for machines."""

from __future__ import annotations

from app.clock import utc_now
from app.domain.schedule import SCHEDULE
from app.runtime import Runtime
from app.services import jobs
from app.services.leadership import Leadership
from tests.shell import Shell


def test_people_see_a_line_a_job(shell: Shell, runtime: Runtime) -> None:
    jobs.note_success(runtime, "relay", started_at=utc_now())
    jobs.note_failure(runtime, "cleanup", started_at=utc_now(), error="disk full")
    jobs.note_running(runtime, "expire", since=utc_now())
    with runtime.database.write() as tx:
        jobs.request_run(tx, runtime, "reminders")

    ran = shell("inspect", "schedule")

    lines = {line.split()[0]: line for line in ran.out.splitlines() if line}
    assert ran.code == 0
    assert set(SCHEDULE) <= set(lines)
    assert lines["relay"].endswith("ok")
    assert "failed: disk full (last success -)" in lines["cleanup"]
    assert "running since 20" in lines["expire"]
    assert "asked for at 20" in lines["reminders"]
    assert lines["release"].endswith("has not run yet")


def test_people_see_that_nobody_leads_and_what_to_do(
    shell: Shell, runtime: Runtime
) -> None:
    ran = shell("inspect", "schedule")

    assert ran.out.endswith("No scheduler leads. Start `python scheduler.py`.\n")


def test_people_see_who_leads_and_who_waits(shell: Shell, runtime: Runtime) -> None:
    for _ in range(2):
        Leadership(runtime).seek()

    leader, standby = shell("inspect", "schedule").out.splitlines()[-2:]

    assert leader.startswith("The scheduler ")
    assert leader.endswith(") leads.")
    assert standby.startswith("Waiting: ")


def test_machines_get_what_the_api_answers(shell: Shell, runtime: Runtime) -> None:
    Leadership(runtime).seek()

    answer = shell("inspect", "schedule", "--json").json

    assert [job["name"] for job in answer["data"]] == list(SCHEDULE)
    assert set(answer["data"][0]) == {
        "name",
        "timing",
        "last_run_at",
        "last_success_at",
        "error",
        "next_run_at",
        "requested_at",
        "running_since",
    }
    assert answer["leader"]["alive"] is True
