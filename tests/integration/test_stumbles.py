"""Whatever goes wrong in the middle ends as a reason on the row, and stops nobody."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest
from dramatiq.middleware import Shutdown, TimeLimitExceeded

from actors.run import Run
from app.domain.outcomes import Outcome, Result
from app.errors import StorageUnavailableError
from app.storage import delivering, recovering
from app.storage.tables import attempts, tasks
from tests.engine import Engine
from tests.house import count, rows

TRANSIENT = Outcome(result=Result.TRANSIENT, reason="busy")


class Away:
    """Makes a statement fail as if the database were away, so many times."""

    def __init__(
        self, module: Any, name: str, *, times: int, patch: pytest.MonkeyPatch
    ) -> None:
        self.left = times
        self._real = getattr(module, name)
        patch.setattr(module, name, self)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if self.left:
            self.left -= 1
            raise StorageUnavailableError("The test's disk is full.")
        return self._real(*arguments, **named)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("a bug"),
        TimeLimitExceeded(),
        Shutdown(),
        SystemExit(3),
        KeyboardInterrupt(),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_during_the_call_makes_the_outcome_unknown(
    engine: Engine, error: BaseException
) -> None:
    engine.provider.script.append(error)
    message = engine.queued()

    engine.answer_doorbells()

    row = engine.row(message)
    assert row["status"] == "unknown"
    assert row["reason"] == (
        f"Bellhop stumbled ({type(error).__name__}); it may have been sent."
    )
    assert row["next_attempt_at"] > engine.clock.now
    (attempt,) = engine.attempts(message)
    assert attempt["outcome"] == "ambiguous"


def test_the_next_task_is_done_after_a_stumble(engine: Engine) -> None:
    engine.provider.script.append(RuntimeError("a bug"))
    engine.queued("first")
    second = engine.message("second", recipient="+14155550111")
    engine.work()

    assert engine.status(second) == "sent"
    assert engine.run.count == 2


def test_an_error_before_the_call_lets_it_wait_and_sends_it_later(
    engine: Engine,
) -> None:
    message = engine.queued()
    broken = Run(without_words(engine), engine.presence)

    broken(message)

    row = engine.row(message)
    assert row["status"] == "pending"
    assert row["reason"] == (
        "Bellhop stumbled (RuntimeError) before the call; it is tried again."
    )
    assert (row["next_attempt_at"] - engine.clock.now).total_seconds() == 300
    assert rows(engine.runtime, attempts) == []
    engine.clock.advance(minutes=5)
    engine.work()
    assert engine.status(message) == "sent"


def test_an_error_before_the_call_waits_longer_each_time(engine: Engine) -> None:
    message = engine.queued(useful_until=engine.clock.now.replace(year=2030))
    broken = Run(without_words(engine), engine.presence)
    pauses = []

    for _ in range(6):
        broken(message)
        due = engine.row(message)["next_attempt_at"]
        pauses.append((due - engine.clock.now).total_seconds() / 60)
        engine.clock.now = due
        engine.release()

    assert pauses == [5, 10, 20, 40, 60, 60]


def test_messages_that_stumble_hold_nobody_back(engine: Engine) -> None:
    poisoned = [
        engine.message("poison", recipient=f"+1415556{number:04}", priority=0)
        for number in range(20)
    ]
    broken = Run(without_words(engine), engine.presence)
    for _ in range(20):
        engine.release()
        for task_id in engine.doorbell.take():
            broken(task_id)

    later = engine.message("later")
    engine.work()

    assert engine.status(later) == "sent"
    assert count(engine.runtime, tasks, status="queued") == 0
    assert {engine.status(task_id) for task_id in poisoned} == {"pending"}


def test_a_database_that_is_away_before_the_call_leaves_it_queued(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    Away(delivering, "claim", times=1, patch=monkeypatch)
    message = engine.queued()

    engine.answer_doorbells()
    assert engine.status(message) == "queued"
    engine.clock.advance(seconds=20)
    engine.relay()
    engine.answer_doorbells()

    assert engine.texts == ["Hello"]
    assert engine.status(message) == "sent"


def test_an_outcome_that_cannot_be_saved_is_kept_and_saved_before_the_next_task(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = engine.queued("first")
    second = engine.message("second", recipient="+14155550111")
    Away(delivering, "end_attempt", times=2, patch=monkeypatch)

    engine.answer_doorbells()
    assert engine.status(first) == "sending"
    engine.run.tidy()
    engine.answer_doorbells()

    assert [engine.status(task) for task in (first, second)] == ["sent", "sent"]
    assert engine.texts == ["first", "second"]


def test_an_outcome_that_cannot_be_saved_is_saved_although_no_task_comes(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = engine.queued()
    away = Away(delivering, "end_attempt", times=5, patch=monkeypatch)
    engine.answer_doorbells()

    while away.left:
        engine.run.tidy()  # what the watching thread does every few seconds
        assert engine.status(message) == "sending"
    engine.run.tidy()

    assert engine.status(message) == "sent"
    assert engine.note(message)["provider_message_id"] == "fake-1"
    assert len(engine.provider.handed) == 1


def test_a_stumble_that_cannot_be_saved_is_saved_although_no_task_comes(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = engine.queued()
    engine.provider.script.append(RuntimeError("a bug"))
    away = Away(recovering, "make_unknown", times=1, patch=monkeypatch)
    engine.answer_doorbells()
    assert away.left == 0
    assert engine.status(message) == "sending"

    engine.run.tidy()

    assert engine.status(message) == "unknown"


def test_a_time_limit_while_the_outcome_is_saved_forgets_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = delivering.settle
    limits = [TimeLimitExceeded()]

    def cut_short(*arguments: Any, **named: Any) -> bool:
        if limits:
            raise limits.pop()
        return real(*arguments, **named)

    monkeypatch.setattr(delivering, "settle", cut_short)
    message = engine.queued()

    engine.answer_doorbells()

    assert engine.status(message) == "sent"
    assert len(engine.provider.handed) == 1


def test_tidying_leaves_a_task_in_hand_alone(engine: Engine) -> None:
    message = engine.queued()

    def tidied_meanwhile() -> Outcome:
        engine.run.tidy()
        return TRANSIENT

    engine.provider.script.append(tidied_meanwhile)
    engine.answer_doorbells()

    assert engine.status(message) == "retrying"


def test_what_an_error_says_of_a_person_is_on_no_row_and_in_no_log(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.provider.script.append(RuntimeError("cannot call +14155550100"))
    caplog.set_level(logging.DEBUG)
    message = engine.queued()

    engine.answer_doorbells()

    assert "+14155550100" not in engine.row(message)["reason"]
    assert "+14155550100" not in engine.attempts(message)[0]["reason"]
    (stumble,) = [r for r in caplog.records if r.message == "Task stumbled"]
    assert "+14155550100" not in str(stumble.__dict__["facts"])


def without_words(engine: Engine) -> Any:
    """Return a courier that stumbles over every message before it is claimed."""

    class Broken:
        def render(self, *_: object, **__: object) -> None:
            raise RuntimeError("a bug")

    wording: Any = Broken()
    return replace(engine.courier, wording=wording)


def test_an_answer_that_a_bug_keeps_from_being_saved_stops_nobody(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = delivering.mark_sent

    def broken(tx: Any, *, task_id: str, **named: Any) -> None:
        if task_id == first:
            raise RuntimeError("a bug")
        real(tx, task_id=task_id, **named)

    monkeypatch.setattr(delivering, "mark_sent", broken)
    first = engine.queued("first")
    second = engine.message("second", recipient="+14155550111")

    engine.work()

    assert engine.status(first) == "unknown"
    assert engine.status(second) == "sent"


def test_a_worker_that_cannot_clean_up_says_that_it_is_broken(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(recovering, "make_unknown", broken)
    engine.provider.script.append(RuntimeError("another bug"))
    engine.queued("first")
    assert not engine.run.is_broken

    engine.work()

    assert engine.run.is_broken
