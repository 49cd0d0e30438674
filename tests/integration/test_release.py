"""What leaves next: by urgency, a few at a time, and only when it is due."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from app.services import dispatch
from app.storage.tables import tasks
from tests.engine import Engine, another_worker, open_engine
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


def test_what_comes_late_but_matters_overtakes_all_that_waits(tmp_path: Path) -> None:
    without_limits(tmp_path)
    with open_engine(tmp_path) as engine:
        overtake(engine)


def overtake(engine: Engine) -> None:
    for number in range(100):
        engine.message("newsletter", recipient=phone(number), priority=90)
    engine.release()

    def code_is_wanted() -> Outcome:
        engine.message("code", recipient=BOBS_PHONE, priority=0)
        return Outcome(result=Result.ACCEPTED, provider_message_id="first")

    engine.provider.script.append(code_is_wanted)
    engine.answer_doorbells()

    assert engine.texts.index("code") == 1
    assert len(engine.texts) == 101


def test_a_bell_is_rung_for_each_idle_worker_and_no_more(engine: Engine) -> None:
    second = another_worker(engine)
    for number in range(40):
        engine.message(recipient=phone(number))

    engine.release()
    engine.release()
    assert len(engine.doorbell.rings) == 2
    assert count(engine.runtime, tasks, status="queued") == 2

    second.presence.lock.close()


def test_a_busy_worker_needs_no_bell_and_takes_the_next_row_itself(
    engine: Engine,
) -> None:
    def somebody_books() -> Outcome:
        engine.message("second", recipient=BOBS_PHONE)
        engine.release()
        assert engine.doorbell.rings == []
        return Outcome(result=Result.ACCEPTED, provider_message_id="first")

    engine.provider.script.append(somebody_books)
    engine.message("first")
    engine.work()

    assert engine.texts == ["first", "second"]


def test_a_bell_for_what_is_done_already_only_makes_the_worker_look(
    engine: Engine,
) -> None:
    done = engine.message("done")
    engine.work()
    engine.message("waits", recipient=BOBS_PHONE)

    engine.run(done)

    assert engine.texts == ["done", "waits"]


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
        media = another_worker(engine, name="media")
        for number in range(40):
            address = f"guest{number}@example.org"
            engine.message(channel=Channel.EMAIL, recipient=address, priority=0)
        engine.release()
        assert {worker for _, worker in engine.doorbell.rings} == {"media"}
        engine.doorbell.take()  # the other worker is busy with the first one

        sms = engine.message()
        engine.release()

        assert engine.doorbell.rings == [(sms, "main")]
        media.die()


def test_nobody_is_rung_for_where_no_worker_of_the_name_runs(tmp_path: Path) -> None:
    give_email_to(tmp_path, "media")
    with open_engine(tmp_path) as engine:
        mail = engine.message(channel=Channel.EMAIL, recipient="alice@example.org")
        engine.release()
        assert engine.doorbell.rings == []
        assert engine.status(mail) == "pending"

        media = another_worker(engine, name="media")
        media.run.ring_for_what_is_due()  # as a worker does that starts

        assert engine.doorbell.rings == [(mail, "media")]
        media.die()


def test_what_waits_for_a_worker_that_was_renamed_rings_the_new_one(
    tmp_path: Path,
) -> None:
    give_email_to(tmp_path, "media")
    with open_engine(tmp_path) as engine:
        mail = {"channel": Channel.EMAIL, "recipient": "alice@example.org"}
        media = another_worker(engine, name="media")
        queued = engine.queued(**mail)
        media.die()

    give_email_to(tmp_path, "post")
    with open_engine(tmp_path) as engine:
        post = another_worker(engine, name="post")
        change_row(engine.runtime, tasks, queued, rung_at=engine.clock.now)
        engine.clock.advance(minutes=1)
        engine.relay()

        assert engine.doorbell.rings == [(queued, "post")]
        post.die()


def give_email_to(folder: Path, worker: str) -> None:
    policy = f'[queues.email]\nworker = "{worker}"\n'
    (folder / "bellhop.toml").write_text(policy, encoding="utf-8")


def without_limits(folder: Path) -> None:
    policy = '[queues.sms]\nrate_limit = "0"\n'
    (folder / "bellhop.toml").write_text(policy, encoding="utf-8")
