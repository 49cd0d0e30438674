"""A purge: what waits in a queue is called off, because a person asked for it."""

from __future__ import annotations

from pathlib import Path

from app.domain.recipients import Channel
from app.domain.tasks import CANCELLABLE, Status
from app.services.purging import BATCH, purge
from tests.engine import Engine
from tests.own import open_shed
from tests.own_kinds import step


def test_a_purge_calls_off_all_that_can_be_and_deletes_nothing(engine: Engine) -> None:
    can = {
        status: engine.message(queue="high" if status == "failed" else "sms")
        for status in CANCELLABLE
    }
    for status, task_id in can.items():
        engine.put_into(task_id, status)
    rest = {s: engine.message() for s in (Status.SENDING, Status.UNKNOWN, Status.SENT)}
    for status, task_id in rest.items():
        engine.put_into(task_id, status)
    mail = engine.message(channel=Channel.EMAIL, recipient="alice@example.org")

    result = purge(engine.runtime, "sms", by="Alice", reason="Wrong list.")

    gone = [task_id for status, task_id in can.items() if status != "failed"]
    assert {engine.status(task_id) for task_id in gone} == {"cancelled"}
    assert engine.row(gone[0])["reason"] == "Purged by Alice: Wrong list."
    assert engine.row(gone[0])["finished_at"] == engine.clock.now
    assert [engine.status(task_id) for task_id in rest.values()] == list(rest)
    elsewhere = [engine.status(task_id) for task_id in (mail, can[Status.FAILED])]
    assert elsewhere == ["queued", "failed"]
    assert (result.matched, result.done) == (5, 3)
    told = {one.id: one.reason for one in result.skipped}
    assert set(told) == {rest[Status.SENDING], rest[Status.UNKNOWN]}
    assert told[rest[Status.SENDING]] == "Too late: it is being sent."


def test_a_purge_goes_in_steps_and_takes_one_time_codes_too(engine: Engine) -> None:
    for number in range(BATCH + 3):
        engine.message(recipient=f"+1415555{number:04}", priority=number % 100)
    engine.message(queue="high", priority=10)
    steps: list[int] = []

    result = purge(engine.runtime, "sms", by="Alice", progress=steps.append)

    assert (steps, result.done) == ([BATCH, BATCH + 3], BATCH + 3)
    assert purge(engine.runtime, "high", by="Alice").done == 1
    assert purge(engine.runtime, "high", by="Alice").done == 0


def test_what_was_rung_for_and_purged_never_leaves(engine: Engine) -> None:
    engine.queued()

    purge(engine.runtime, "sms", by="Alice")
    engine.answer_doorbells()

    assert engine.texts == []


def test_what_was_to_follow_a_purged_task_is_called_off_with_it(
    tmp_path: Path,
) -> None:
    with open_shed(tmp_path) as shed:
        first = shed.plan(step.with_options(queue="low").wish("a"))
        then = shed.plan(step.with_options(queue="default", after=[first]).wish("b"))

        purge(shed.runtime, "low", by="Alice")

        assert (shed.status(first), shed.status(then)) == ("cancelled", "cancelled")
        reason = "It was to follow step, which was cancelled."
        assert shed.row(then)["reason"] == reason
