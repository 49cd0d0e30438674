"""What leaves next: by urgency, a few at a time, and only when it is due."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.recipients import Channel
from app.services import dispatch
from app.services.dispatch import MOST_QUEUED, REFILL_AT
from app.storage.tables import tasks
from tests.engine import Engine, open_engine
from tests.house import change_row, count

BOBS_PHONE = "+14155550111"


def phone(number: int) -> str:
    return f"+1415556{number:04}"


def test_the_most_urgent_leaves_first_then_the_soonest_useless_then_the_oldest(
    engine: Engine,
) -> None:
    now = engine.clock.now
    wanted = [
        engine.message("old", recipient=phone(1), priority=50),
        engine.message("new", recipient=phone(2), priority=50),
        engine.message(
            "short", recipient=phone(3), useful_until=now + timedelta(hours=1)
        ),
        engine.message("code", recipient=phone(4), priority=0),
        engine.message("newsletter", recipient=phone(5), priority=90),
    ]

    engine.work()

    assert engine.texts == ["code", "short", "old", "new", "newsletter"]
    assert {engine.status(task_id) for task_id in wanted} == {"sent"}


def test_what_comes_late_but_matters_overtakes_what_waits(engine: Engine) -> None:
    for number in range(100):
        engine.message("newsletter", recipient=phone(number), priority=90)
    engine.release()
    engine.message("code", recipient=BOBS_PHONE, priority=0)

    engine.answer_doorbells()

    # Those that were queued already go before it, no others.
    assert engine.texts.index("code") <= MOST_QUEUED
    assert len(engine.texts) == 101


def test_at_most_sixteen_are_queued_and_it_is_refilled_when_half_are_gone(
    engine: Engine,
) -> None:
    for number in range(40):
        engine.message(recipient=phone(number))

    engine.release()
    assert count(engine.runtime, tasks, status="queued") == MOST_QUEUED == 16

    taken = engine.doorbell.take()
    for task_id in taken[: MOST_QUEUED - REFILL_AT - 1]:
        engine.run(task_id)
    assert engine.doorbell.rings == []

    engine.run(taken[MOST_QUEUED - REFILL_AT - 1])
    assert count(engine.runtime, tasks, status="queued") == MOST_QUEUED


def test_what_is_due_later_never_leaves_before(engine: Engine) -> None:
    now = engine.clock.now
    later = engine.message(due_at=now + timedelta(hours=1), priority=0)

    engine.clock.now = now + timedelta(hours=1, milliseconds=-1)
    engine.work()
    assert engine.status(later) == "pending"

    engine.clock.now = now + timedelta(hours=1)
    engine.work()
    assert engine.status(later) == "sent"


def test_a_closed_doorbell_leaves_all_as_it_is(engine: Engine) -> None:
    waiting = engine.message()
    engine.doorbell.available = False

    engine.release()

    assert engine.status(waiting) == "pending"
    assert engine.doorbell.rings == []


def test_a_ring_that_fails_puts_the_rows_back_until_the_queue_is_there_again(
    engine: Engine,
) -> None:
    waiting = engine.message()
    engine.doorbell.fails = True
    engine.release()
    assert engine.status(waiting) == "pending"

    engine.doorbell.fails = False
    engine.work()

    assert engine.status(waiting) == "sent"


def test_a_deed_is_done_although_the_queue_is_away(engine: Engine) -> None:
    engine.doorbell.fails = True
    waiting = engine.message()

    answer = dispatch.perform(engine.runtime, lambda _tx: "done")

    assert answer == "done"
    assert engine.status(waiting) == "pending"


def test_a_deed_that_fails_hands_nothing_to_the_queue(engine: Engine) -> None:
    waiting = engine.message()

    with pytest.raises(ZeroDivisionError):
        dispatch.perform(engine.runtime, lambda _tx: 1 / 0)

    assert engine.status(waiting) == "pending"
    assert engine.doorbell.rings == []


def test_an_hour_of_another_workers_tasks_never_delays_an_sms(tmp_path: Path) -> None:
    give_email_to(tmp_path, "media")
    with open_engine(tmp_path) as engine:
        for number in range(40):
            address = f"guest{number}@example.org"
            engine.message(channel=Channel.EMAIL, recipient=address, priority=0)
        engine.release()
        assert {worker for _, worker in engine.doorbell.rings} == {"media"}
        engine.doorbell.take()  # the other worker is busy with the first one

        sms = engine.message()
        engine.release()

        assert engine.doorbell.rings == [(sms, "main")]


def test_what_waits_for_a_worker_that_was_renamed_rings_the_new_one(
    tmp_path: Path,
) -> None:
    give_email_to(tmp_path, "media")
    with open_engine(tmp_path) as engine:
        mail = {"channel": Channel.EMAIL, "recipient": "alice@example.org"}
        queued = engine.queued(**mail)
        waiting = engine.message(**mail | {"recipient": "bob@example.org"})

    give_email_to(tmp_path, "post")
    with open_engine(tmp_path) as engine:
        engine.release()
        assert engine.doorbell.rings == [(waiting, "post")]
        change_row(engine.runtime, tasks, queued, rung_at=engine.clock.now)
        engine.clock.advance(minutes=1)
        engine.relay()

        assert (queued, "post") in engine.doorbell.rings


def give_email_to(folder: Path, worker: str) -> None:
    policy = f'[queues.email]\nworker = "{worker}"\n'
    (folder / "bellhop.toml").write_text(policy, encoding="utf-8")
