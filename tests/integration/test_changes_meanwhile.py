"""What changes while a message is on its way is seen up to the last moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from app.domain.bookings import Booking
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from app.errors import ConflictError
from app.services.wording import Wording
from app.storage.tables import notifications as notes
from app.storage.tables import tasks
from tests.changing import cancel, cancel_booking, move, pay, rename
from tests.engine import Engine, another_worker
from tests.house import CHARLIE, make_booking, rows

Deed = Callable[[], object]
#: What is locked waits for a transaction, which takes milliseconds.
WITHIN_S = 15


@pytest.fixture
def booking(engine: Engine) -> Booking:
    """Charlie's booking, confirmed; his e-mail is queued."""
    return make_booking(engine.runtime, customer=CHARLIE, confirmed=True)


def test_a_message_cancelled_after_its_bell_was_rung_is_not_sent(
    engine: Engine,
) -> None:
    message = engine.queued()
    cancel(engine, message)

    engine.answer_doorbells()

    assert engine.status(message) == "cancelled"
    assert engine.provider.handed == []


def test_a_booking_cancelled_after_the_bell_sends_the_cancellation_alone(
    engine: Engine, booking: Booking
) -> None:
    (message,) = engine.doorbell.take()
    cancel_booking(engine, booking)

    engine.run(message)
    engine.answer_doorbells()

    assert engine.status(message) == "cancelled"
    told = [row["kind"] for row in rows(engine.runtime, tasks, status="sent")]
    assert told == ["booking_cancelled"]
    assert len(engine.provider.handed) == 1


def test_a_booking_moved_after_the_bell_sends_the_new_time_alone(
    engine: Engine, booking: Booking
) -> None:
    (message,) = engine.doorbell.take()
    move(engine, booking, hours=1)

    engine.run(message)

    assert engine.status(message) == "superseded"
    assert [handed.key for handed in engine.provider.handed] != [message]
    assert len(engine.provider.handed) == 1


def test_a_booking_changed_after_the_bell_is_told_as_it_is_now(
    engine: Engine, booking: Booking
) -> None:
    (message,) = engine.doorbell.take()
    rename(engine, booking, "Charles")

    engine.run(message)

    assert engine.status(message) == "sent"
    (handed,) = engine.provider.handed
    assert "Charles" in handed.text


def test_a_message_that_another_worker_has_taken_is_left_to_it(engine: Engine) -> None:
    message = engine.queued()
    other = another_worker(engine)
    other.run(message)

    engine.run(message)

    assert engine.status(message) == "sent"
    assert (other.texts, engine.texts) == (["Hello"], [])
    assert len(engine.attempts(message)) == 1
    other.die()


def test_a_message_cleaned_up_after_the_bell_does_no_harm(engine: Engine) -> None:
    message = engine.queued()
    with engine.runtime.database.write() as tx:
        tx.execute(tasks.delete().where(tasks.c.id == message))

    engine.answer_doorbells()

    assert engine.provider.handed == []


class Worded:
    """Words messages as ever; tells as it begins, so that a deed may come between."""

    def __init__(self, wording: Wording, begun: threading.Event) -> None:
        self._wording = wording
        self._begun = begun

    def render(self, *arguments: Any, **named: Any) -> Any:
        self._begun.set()
        return self._wording.render(*arguments, **named)


@contextmanager
def as_it_is_worded(engine: Engine, deed: Deed) -> Iterator[Engine]:
    """Give a worker that is overtaken, in the middle of its wording, by this deed.

    It runs in a thread of its own: what is being claimed is locked, so it may wait.
    """
    begun, errors = threading.Event(), []

    def act() -> None:
        begun.wait(WITHIN_S)
        try:
            deed()
        except BaseException as error:  # noqa: BLE001 - shown below
            errors.append(error)

    wording: Any = Worded(engine.courier.wording, begun)
    thread = threading.Thread(target=act)
    thread.start()
    yield engine.with_courier(replace(engine.courier, wording=wording))
    thread.join(WITHIN_S)
    assert not thread.is_alive()
    assert errors == []


def test_who_cancels_while_it_is_worded_is_told_the_truth(engine: Engine) -> None:
    message = engine.queued()
    refused = []

    def try_to_cancel() -> None:
        try:
            cancel(engine, message)
        except ConflictError as error:
            refused.append(error)

    with as_it_is_worded(engine, try_to_cancel) as worker:
        worker.run(message)

    expected = ("sent", ["Hello"]) if refused else ("cancelled", [])
    assert (engine.status(message), engine.texts) == expected


@pytest.mark.parametrize("deed", ["cancel", "move"])
def test_the_last_word_is_the_truth_whatever_changes_while_it_is_worded(
    engine: Engine, booking: Booking, deed: str
) -> None:
    (message,) = engine.doorbell.take()
    change_it: Deed = {
        "cancel": lambda: cancel_booking(engine, booking),
        "move": lambda: move(engine, booking, hours=1),
    }[deed]

    with as_it_is_worded(engine, change_it) as worker:
        worker.run(message)
    engine.work()

    told = [str(engine.row(handed.key)["kind"]) for handed in engine.provider.handed]
    last = {"cancel": "booking_cancelled", "move": "booking_rescheduled"}[deed]
    assert told in (["booking_confirmed", last], [last])


def test_once_it_is_being_sent_it_is_too_late_to_cancel(engine: Engine) -> None:
    message = engine.queued()
    refused = []

    def try_to_cancel() -> Outcome:
        with pytest.raises(ConflictError, match="Too late") as caught:
            cancel(engine, message)
        refused.append(caught.value)
        return Outcome(result=Result.ACCEPTED)

    engine.provider.script.append(try_to_cancel)
    engine.answer_doorbells()

    assert refused
    assert engine.status(message) == "sent"


def test_a_booking_cancelled_during_the_call_is_told_so_afterwards(
    engine: Engine, booking: Booking
) -> None:
    def cancelled_meanwhile() -> Outcome:
        cancel_booking(engine, booking)
        return Outcome(result=Result.ACCEPTED)

    engine.provider.script.append(cancelled_meanwhile)
    engine.answer_doorbells()

    told = [row["kind"] for row in rows(engine.runtime, tasks, status="sent")]
    assert told == ["booking_confirmed", "booking_cancelled"]


def test_a_retry_tells_the_words_of_now(engine: Engine, booking: Booking) -> None:
    engine.provider.script.append(Outcome(result=Result.TRANSIENT))
    engine.answer_doorbells()

    rename(engine, booking, "Charles")
    engine.clock.advance(minutes=2)
    engine.work()

    assert "Charles" not in engine.texts[0]
    assert "Charles" in engine.texts[1]


def test_a_retry_of_a_cancelled_booking_is_called_off(
    engine: Engine, booking: Booking
) -> None:
    (message,) = [rung[0] for rung in engine.doorbell.rings]
    engine.provider.script.append(Outcome(result=Result.TRANSIENT))
    engine.answer_doorbells()

    cancel_booking(engine, booking)

    assert engine.status(message) == "cancelled"


def test_a_payment_on_a_confirmed_booking_is_told_and_its_confirmation_too(
    engine: Engine, booking: Booking
) -> None:
    pay(engine, booking)
    engine.answer_doorbells()

    told = [row["kind"] for row in rows(engine.runtime, tasks, status="sent")]
    assert told == ["booking_confirmed", "payment_received"]


def test_a_channel_that_was_switched_off_meanwhile_is_not_used(engine: Engine) -> None:
    message = engine.queued()
    off = replace(engine.courier, providers=dict.fromkeys(Channel, ()))

    engine.with_courier(off).run(message)

    row = engine.row(message)
    assert (row["status"], row["reason"]) == ("suppressed", "channel not configured")


def test_a_message_to_a_recipient_of_its_own_row_is_not_moved_by_the_booking(
    engine: Engine, booking: Booking
) -> None:
    # Whom to tell is fixed when it is planned; what to tell is read when it leaves.
    (planned,) = rows(engine.runtime, notes)

    rename(engine, booking, "Charles")
    engine.answer_doorbells()

    assert engine.provider.handed[0].recipient == planned["recipient"]
