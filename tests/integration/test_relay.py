"""A doorbell that is lost costs time, never a message."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.channels.base import LookupAnswer
from app.domain.outcomes import Lookup, Outcome, Result
from app.errors import StorageUnavailableError
from app.services import dispatch, workers
from app.storage import releasing
from app.storage.tables import tasks
from tests.engine import UNLIMITED, Engine, another_worker, open_engine
from tests.house import change_row

#: The defaults: rung for again after 5 s, looked for every 5 s. 10 s are under 60.
RING_AGAIN_S = 5
RELAY_EVERY_S = 5

AMBIGUOUS = Outcome(result=Result.AMBIGUOUS, reason="the line was cut")


def test_a_lost_doorbell_is_rung_again_within_a_minute(engine: Engine) -> None:
    lost = engine.queued()
    engine.doorbell.rings.clear()

    engine.clock.advance(seconds=RING_AGAIN_S)
    engine.relay()
    engine.answer_doorbells()

    assert RING_AGAIN_S + RELAY_EVERY_S < 60
    assert engine.status(lost) == "sent"


def test_a_doorbell_has_time_to_be_answered(engine: Engine) -> None:
    engine.queued()

    engine.clock.advance(seconds=RING_AGAIN_S, milliseconds=-1)

    assert engine.relay() == 0
    assert len(engine.doorbell.rings) == 1


def test_what_was_rung_again_is_left_alone_for_as_long_again(engine: Engine) -> None:
    engine.queued()
    engine.clock.advance(seconds=RING_AGAIN_S)

    assert engine.relay() == 1
    engine.clock.advance(seconds=RING_AGAIN_S, milliseconds=-1)
    assert engine.relay() == 0
    engine.clock.advance(milliseconds=1)
    assert engine.relay() == 1


def test_what_waits_behind_a_lost_doorbell_is_not_forgotten(engine: Engine) -> None:
    lost = engine.queued()
    engine.doorbell.rings.clear()
    for number in range(5):
        engine.message(recipient=f"+1415556{number:04}")
    engine.release()
    assert engine.doorbell.rings == []  # the worker seems to have a bell to hear

    engine.clock.advance(seconds=RING_AGAIN_S)
    engine.relay()
    engine.answer_doorbells()

    assert engine.status(lost) == "sent"
    assert len(engine.texts) == 6


def test_a_doorbell_lost_with_a_worker_is_answered_by_the_one_that_lives(
    engine: Engine,
) -> None:
    lost = engine.queued()
    engine.doorbell.rings.clear()
    living = another_worker(engine)
    other = engine.message(recipient="+14155550111")

    engine.release()
    (heard,) = engine.doorbell.take()
    living.run(heard)

    # It takes all that waits; only what is still thought to be heard has to be freed.
    assert living.status(other) == "sent"
    assert living.status(lost) == "queued"
    engine.clock.advance(seconds=RING_AGAIN_S)
    engine.relay()
    for task_id in engine.doorbell.take()[:1]:
        living.run(task_id)
    assert living.status(lost) == "sent"
    living.die()


def test_nothing_is_rung_again_while_the_queue_is_away(engine: Engine) -> None:
    waiting = engine.queued()
    engine.doorbell.rings.clear()
    engine.doorbell.available = False
    engine.clock.advance(minutes=10)

    engine.relay()
    assert engine.doorbell.rings == []
    assert engine.status(waiting) == "pending"
    engine.doorbell.available = True
    engine.work()
    assert engine.status(waiting) == "sent"


def test_a_queue_that_lost_everything_loses_no_message(tmp_path: Path) -> None:
    with open_engine(tmp_path, policy=UNLIMITED) as engine:
        for number in range(50):
            engine.message(recipient=f"+1415556{number:04}")
        engine.release()
        engine.doorbell.rings.clear()  # FLUSHALL

        engine.clock.advance(seconds=RING_AGAIN_S)
        engine.relay()
        engine.answer_doorbells()

        assert len(engine.texts) == 50


def test_a_lost_doorbell_of_a_look_up_is_rung_again(engine: Engine) -> None:
    unknown = an_unknown_one(engine)
    engine.clock.advance(seconds=60)
    engine.release()
    engine.doorbell.rings.clear()

    engine.clock.advance(seconds=RING_AGAIN_S)
    engine.relay()

    assert engine.doorbell.take() == [unknown]


def test_a_look_up_whose_ring_failed_is_released_again(engine: Engine) -> None:
    unknown = an_unknown_one(engine)
    engine.clock.advance(seconds=60)
    engine.doorbell.fails = True
    engine.release()
    engine.doorbell.fails = False

    engine.release()

    assert engine.doorbell.take() == [unknown]


def test_a_take_over_without_a_queue_leaves_look_ups_to_be_released(
    engine: Engine,
) -> None:
    # The scheduler of a box without a queue server takes over; nobody hears it ring.
    unknown = an_unknown_one(engine)
    engine.clock.advance(seconds=60)
    engine.release()
    engine.doorbell.take()
    engine.die()
    engine.doorbell.fails = True
    workers.take_over(engine.runtime)
    engine.doorbell.fails = False
    living = another_worker(engine)

    living.release()

    assert engine.doorbell.take() == [unknown]
    living.die()


def test_a_look_up_is_rung_for_once_when_it_is_due(engine: Engine) -> None:
    unknown = an_unknown_one(engine)

    engine.clock.advance(seconds=60, milliseconds=-1)
    engine.release()
    assert engine.doorbell.rings == []
    engine.clock.advance(milliseconds=1)
    engine.release()
    engine.release()
    assert engine.doorbell.rings == [(unknown, "main")]


def test_bells_for_look_ups_do_not_pile_up_while_no_worker_hears(
    engine: Engine,
) -> None:
    for number in range(3):
        an_unknown_one(engine, recipient=f"+1415556{number:04}")
    engine.clock.advance(seconds=60)

    for _ in range(RING_AGAIN_S):
        engine.release()
        engine.relay()
        engine.clock.advance(seconds=1)

    assert len(engine.doorbell.rings) == 1


def test_a_bell_for_a_look_up_lets_what_comes_meanwhile_leave_too(
    engine: Engine,
) -> None:
    unknown = an_unknown_one(engine)
    engine.clock.advance(seconds=60)
    engine.release()
    later = engine.message("later", recipient="+14155550111")

    engine.release()
    engine.answer_doorbells()

    assert [engine.status(task) for task in (unknown, later)] == ["sent", "sent"]


def test_a_doubled_doorbell_sends_once(engine: Engine) -> None:
    message = engine.queued()

    engine.run(message)
    engine.run(message)

    assert engine.texts == ["Hello"]
    assert len(engine.attempts(message)) == 1


def test_a_doorbell_for_nothing_does_no_harm(engine: Engine) -> None:
    engine.run("there is no such task")

    assert engine.provider.handed == []


def test_a_ring_and_a_database_that_fail_deny_nothing_that_was_saved(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StorageUnavailableError("The test's disk is full.")

    message = engine.message()
    engine.doorbell.fails = True

    with monkeypatch.context() as patch:
        patch.setattr(releasing, "put_back", fail)
        answer = dispatch.perform(engine.runtime, lambda _tx: "saved")

    assert answer == "saved"
    engine.doorbell.fails = False
    engine.clock.now += timedelta(seconds=RING_AGAIN_S)
    engine.relay()
    engine.answer_doorbells()
    assert engine.status(message) == "sent"


def an_unknown_one(engine: Engine, **plan: Any) -> str:
    engine.provider.script.append(AMBIGUOUS)
    engine.provider.look_ups.append(LookupAnswer(lookup=Lookup.FOUND))
    message = engine.queued(**plan)
    engine.answer_doorbells()
    assert engine.status(message) == "unknown"
    return message


def test_a_row_of_a_queue_that_is_no_more_leaves_and_keeps_no_other_back(
    engine: Engine,
) -> None:
    # An older Bellhop may have left it behind.
    old, other = engine.message(), engine.message(recipient="+14155550111")
    change_row(engine.runtime, tasks, old, queue="fax", lane="fax/sms")

    engine.work()

    assert [engine.status(task) for task in (old, other)] == ["sent", "sent"]
