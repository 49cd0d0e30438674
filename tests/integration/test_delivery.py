"""One delivery: what is written down before the call, and what follows from its end."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.domain.kinds import Kind
from app.domain.outcomes import Outcome, Result
from app.domain.tasks import CANCELLABLE, Status
from app.errors import ConflictError
from app.services import notifications, recovery
from app.storage.tables import attempts, tasks
from tests.engine import Engine
from tests.house import perform, rows

TRANSIENT = Outcome(result=Result.TRANSIENT, reason="busy", code="429")
#: 20 in a transaction, and five looks.
MORE_THAN_ONE_LOOKS_THROUGH = 150


def test_an_accepted_message_is_sent_and_says_by_whom_and_when(engine: Engine) -> None:
    message = engine.queued("Hello")

    engine.answer_doorbells()

    row, note = engine.row(message), engine.note(message)
    assert engine.texts == ["Hello"]
    assert row["status"] == "sent"
    assert row["finished_at"] == note["sent_at"] == engine.clock.now
    assert (note["provider"], note["provider_message_id"]) == ("fake", "fake-1")
    assert (row["next_attempt_at"], row["claim"], row["worker_boot_id"]) == (None,) * 3


def test_the_provider_is_told_whom_what_and_under_which_name(engine: Engine) -> None:
    message = engine.queued("Hello", recipient_name="Alice")

    engine.answer_doorbells()

    (handed,) = engine.provider.handed
    assert handed.key == message
    assert handed.recipient == "+14155550100"
    assert handed.recipient_name == "Alice"
    assert handed.channel == "sms"


def test_the_attempt_is_committed_before_the_call_and_nothing_is_open_during_it(
    engine: Engine,
) -> None:
    seen = []

    def look() -> Outcome:
        # Another connection sees all of it, and the write lock is free.
        with engine.runtime.database.write() as tx:
            status = tx.execute(sa.select(tasks.c.status)).scalar_one()
            attempt = tx.execute(sa.select(attempts)).mappings().one()
        seen.append((status, attempt["number"], attempt["text"], attempt["ended_at"]))
        return Outcome(result=Result.ACCEPTED)

    engine.provider.script.append(look)
    engine.queued("Hello")
    engine.answer_doorbells()

    assert seen == [("sending", 1, "Hello", None)]


def test_an_attempt_tells_its_provider_words_times_and_outcome(engine: Engine) -> None:
    began = engine.clock.now

    def busy() -> Outcome:
        engine.clock.advance(seconds=3)
        return TRANSIENT

    engine.provider.script.append(busy)
    message = engine.queued("Hello")
    engine.answer_doorbells()

    (attempt,) = engine.attempts(message)
    assert dict(attempt) == {
        "task_id": message,
        "number": 1,
        "gate": "sms",
        "provider": "fake",
        "text": "Hello",
        "started_at": began,
        "ended_at": began + timedelta(seconds=3),
        "outcome": "transient",
        "code": "429",
        "reason": "busy",
        # What was not accepted costs nothing.
        "segments": None,
        "cost_micros": None,
        "cost_currency": None,
    }


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (Result.ACCEPTED, Status.SENT),
        (Result.TRANSIENT, Status.RETRYING),
        (Result.AMBIGUOUS, Status.UNKNOWN),
        (Result.PERMANENT_RECIPIENT, Status.DEAD),
        (Result.PERMANENT_CONTENT, Status.DEAD),
        (Result.SUPPRESSED, Status.DEAD),
        (Result.CONFIG, Status.FAILED),
    ],
)
def test_each_outcome_leads_to_its_state(
    engine: Engine, result: Result, status: Status
) -> None:
    engine.provider.script.append(Outcome(result=result, reason="said the provider"))
    message = engine.queued()

    engine.answer_doorbells()

    row = engine.row(message)
    assert row["status"] == status
    assert row["reason"] == "said the provider"
    assert [attempt["outcome"] for attempt in engine.attempts(message)] == [result]
    assert (row["finished_at"] is None) == (status not in (Status.SENT, Status.DEAD))
    assert row["attempts"] == row["quick_tries"] == 1


def test_a_message_is_tried_four_times_and_then_fails(engine: Engine) -> None:
    engine.provider.script += [TRANSIENT] * 4
    message = engine.queued()
    pauses = []

    for _ in range(4):
        engine.answer_doorbells()
        due = engine.row(message)["next_attempt_at"]
        pauses.append((due - engine.clock.now).total_seconds())
        engine.clock.now = due
        engine.release()

    assert engine.status(message) == "failed"
    assert len(engine.attempts(message)) == 4
    assert 48 <= pauses[0] <= 72  # 60 ± 20 %
    assert 96 <= pauses[1] <= 144  # 120 ± 20 %
    assert 192 <= pauses[2] <= 288  # 240 ± 20 %
    assert pauses[3] == 300


def test_a_failed_message_gets_one_attempt_a_round_and_waits_twice_as_long(
    engine: Engine,
) -> None:
    engine.provider.script += [TRANSIENT] * 20
    message = engine.queued(useful_until=engine.clock.now + timedelta(hours=8))
    engine.answer_doorbells()
    while engine.status(message) != "failed":
        engine.clock.now = engine.row(message)["next_attempt_at"]
        engine.work()
    tried = [engine.clock.now]

    for _ in range(7 * 12):
        engine.clock.advance(minutes=5)
        recovery.retry_failed(engine.runtime)
        before = len(engine.provider.handed)
        engine.answer_doorbells()
        if len(engine.provider.handed) > before:
            assert len(engine.provider.handed) == before + 1
            tried.append(engine.clock.now)

    minutes = [(b - a).total_seconds() / 60 for a, b in itertools.pairwise(tried)]
    assert minutes[:7] == [5, 10, 20, 40, 60, 60, 60]


def test_a_failed_message_that_works_again_is_sent(engine: Engine) -> None:
    message = engine.message()
    engine.put_into(message, Status.FAILED, quick_tries=4, rounds=3)

    recovery.retry_failed(engine.runtime)
    engine.answer_doorbells()

    assert engine.status(message) == "sent"


def test_a_failed_round_makes_the_next_pause_twice_as_long(engine: Engine) -> None:
    message = engine.message()
    engine.put_into(message, Status.FAILED, quick_tries=4, rounds=1)
    recovery.retry_failed(engine.runtime)
    engine.provider.script.append(TRANSIENT)

    engine.answer_doorbells()

    row = engine.row(message)
    assert (row["next_attempt_at"] - engine.clock.now).total_seconds() == 600


def test_a_person_starts_the_quick_retries_anew(engine: Engine) -> None:
    message = engine.message()
    engine.put_into(message, Status.DEAD, quick_tries=4, rounds=3, attempts=9)
    engine.provider.script.append(TRANSIENT)

    perform(
        engine.runtime,
        lambda tx: notifications.retry(tx, message, now=engine.clock.now),
    )
    engine.answer_doorbells()

    row = engine.row(message)
    assert row["status"] == "retrying"
    assert (row["quick_tries"], row["rounds"], row["attempts"]) == (1, 0, 10)


def test_what_cannot_be_worded_is_dead_without_an_attempt(engine: Engine) -> None:
    message = engine.queued(kind=Kind.BOOKING_CONFIRMED, args={"data": {}})

    engine.answer_doorbells()

    row = engine.row(message)
    assert row["status"] == "dead"
    assert "data.service_name: is needed" in row["reason"]
    assert row["attempts"] == 0
    assert rows(engine.runtime, attempts) == []


def test_what_is_no_longer_useful_expires_without_an_attempt(engine: Engine) -> None:
    message = engine.queued(useful_until=engine.clock.now + timedelta(minutes=1))

    engine.clock.advance(minutes=1)
    engine.answer_doorbells()

    row = engine.row(message)
    assert row["status"] == "expired"
    assert row["finished_at"] == engine.clock.now
    assert engine.provider.handed == []


def test_what_comes_after_a_crowd_of_useless_messages_leaves_at_the_same_bell(
    engine: Engine,
) -> None:
    soon = engine.clock.now + timedelta(seconds=5)
    for number in range(MORE_THAN_ONE_LOOKS_THROUGH):
        engine.message(recipient=f"+1415557{number:04}", useful_until=soon)
    engine.clock.advance(seconds=6)
    message = engine.message("Hello", priority=90)

    engine.release()
    engine.answer_doorbells()

    assert engine.status(message) == "sent"


@pytest.mark.parametrize("status", sorted(CANCELLABLE))
def test_a_message_can_be_cancelled_before_it_is_being_sent(
    engine: Engine, status: Status
) -> None:
    message = engine.queued()
    engine.put_into(message, status)

    cancel(engine, message)
    engine.work()

    assert engine.status(message) == "cancelled"
    assert engine.provider.handed == []


@pytest.mark.parametrize("status", sorted(set(Status) - CANCELLABLE))
def test_later_it_is_too_late_to_cancel(engine: Engine, status: Status) -> None:
    message = engine.message()
    engine.put_into(message, status)

    with pytest.raises(ConflictError):
        cancel(engine, message)

    assert engine.status(message) == status


def cancel(engine: Engine, message: str) -> None:
    perform(
        engine.runtime,
        lambda tx: notifications.cancel(tx, message, now=engine.clock.now),
    )
