"""What changes while a message is on its way is seen up to the last moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.bookings import Booking
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from app.errors import ConflictError
from app.services import bookings, notifications, payments
from app.services.courier import Courier
from app.services.delivery import MOST_READINGS, deliver
from app.services.payments import ManualProof
from app.services.wording import Wording
from app.storage import bookings as store
from app.storage.tables import notifications as notes
from app.storage.tables import tasks
from tests.engine import Engine
from tests.house import CHARLIE, PRICE, make_booking, perform, rows

Deed = Callable[[], object]


class Meanwhile:
    """Words messages as ever, but does a deed first: after the reading, before the
    claim."""

    def __init__(self, wording: Wording, *deeds: Deed) -> None:
        self._wording = wording
        self._deeds = list(deeds)

    def render(self, *arguments: Any, **named: Any) -> Any:
        if self._deeds:
            self._deeds.pop(0)()
        return self._wording.render(*arguments, **named)


def meanwhile(engine: Engine, *deeds: Deed) -> Courier:
    """Return a courier whose readings are overtaken by these deeds, one each."""
    wording: Any = Meanwhile(engine.courier.wording, *deeds)
    return replace(engine.courier, wording=wording)


@pytest.fixture
def booking(engine: Engine) -> Booking:
    """Charlie's booking, confirmed; his e-mail is queued."""
    return make_booking(engine.runtime, customer=CHARLIE, confirmed=True)


def test_a_message_cancelled_while_it_is_worded_is_not_sent(engine: Engine) -> None:
    message = engine.queued()
    courier = meanwhile(engine, lambda: cancel(engine, message))

    deliver(courier, message)

    assert engine.status(message) == "cancelled"
    assert engine.provider.handed == []


def test_a_booking_cancelled_while_it_is_worded_sends_no_confirmation(
    engine: Engine, booking: Booking
) -> None:
    (message,) = engine.doorbell.take()
    courier = meanwhile(engine, lambda: cancel_booking(engine, booking))

    deliver(courier, message)

    assert engine.status(message) == "cancelled"
    assert engine.provider.handed == []


def test_a_booking_moved_while_it_is_worded_sends_the_new_time_alone(
    engine: Engine, booking: Booking
) -> None:
    (message,) = engine.doorbell.take()
    courier = meanwhile(engine, lambda: move(engine, booking, hours=1))

    deliver(courier, message)
    engine.work()

    assert engine.status(message) == "superseded"
    assert [handed.key for handed in engine.provider.handed] != [message]
    assert len(engine.provider.handed) == 1


def test_a_booking_changed_while_it_is_worded_is_read_anew(
    engine: Engine, booking: Booking
) -> None:
    (message,) = engine.doorbell.take()
    courier = meanwhile(engine, lambda: rename(engine, booking, "Charles"))

    deliver(courier, message)

    assert engine.status(message) == "sent"
    (handed,) = engine.provider.handed
    assert "Charles" in handed.text


def test_a_booking_that_keeps_changing_is_told_a_little_later(
    engine: Engine, booking: Booking
) -> None:
    (message,) = engine.doorbell.take()
    deeds = [
        lambda name=f"Charlie {number}": rename(engine, booking, name)
        for number in range(MOST_READINGS)
    ]

    deliver(meanwhile(engine, *deeds), message)
    assert engine.status(message) == "queued"
    engine.clock.advance(seconds=20)
    engine.relay()
    engine.answer_doorbells()

    assert engine.status(message) == "sent"
    assert f"Charlie {MOST_READINGS - 1}" in engine.texts[0]


def test_a_message_that_another_worker_has_taken_is_left_to_it(engine: Engine) -> None:
    message = engine.queued()

    deliver(meanwhile(engine, lambda: deliver(engine.courier, message)), message)

    assert engine.status(message) == "sent"
    assert engine.texts == ["Hello"]
    assert len(engine.attempts(message)) == 1


def test_a_message_cleaned_up_while_it_is_worded_does_no_harm(engine: Engine) -> None:
    message = engine.queued()

    def clean() -> None:
        with engine.runtime.database.write() as tx:
            tx.execute(tasks.delete().where(tasks.c.id == message))

    deliver(meanwhile(engine, clean), message)

    assert engine.provider.handed == []


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
    def pay() -> None:
        proof = ManualProof(reference="cash", amount=PRICE)
        now = engine.clock.now
        perform(
            engine.runtime,
            lambda tx: payments.verify_manual(
                tx, engine.runtime, bookings.find(tx, booking.id), proof, now=now
            ),
        )

    (message,) = engine.doorbell.take()
    deliver(meanwhile(engine, pay), message)
    engine.work()

    told = [row["kind"] for row in rows(engine.runtime, tasks, status="sent")]
    assert told == ["booking_confirmed", "payment_received"]


def test_a_channel_that_was_switched_off_meanwhile_is_not_used(engine: Engine) -> None:
    message = engine.queued()
    off = replace(engine.courier, providers=dict.fromkeys(Channel))

    deliver(off, message)

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


def cancel(engine: Engine, message: str) -> None:
    now = engine.clock.now
    perform(engine.runtime, lambda tx: notifications.cancel(tx, message, now=now))


def change(engine: Engine, booking: Booking, deed: Callable[..., object]) -> None:
    perform(
        engine.runtime,
        lambda tx: deed(
            tx, engine.runtime, bookings.find(tx, booking.id), now=engine.clock.now
        ),
    )


def cancel_booking(engine: Engine, booking: Booking) -> None:
    def deed(tx: Any, runtime: Any, now_booked: Booking, **named: Any) -> object:
        return bookings.cancel(tx, runtime, now_booked, reason="", **named)

    change(engine, booking, deed)


def move(engine: Engine, booking: Booking, *, hours: int) -> None:
    def deed(tx: Any, runtime: Any, now_booked: Booking, **named: Any) -> object:
        start = now_booked.start + timedelta(hours=hours)
        return bookings.reschedule(
            tx, runtime, now_booked, start=start, reason="", **named
        )

    change(engine, booking, deed)


def rename(engine: Engine, booking: Booking, name: str) -> None:
    def deed(tx: Any, _runtime: Any, now_booked: Booking, **named: Any) -> object:
        customer = replace(now_booked.customer, name=name)
        return store.change(tx, now_booked, customer=customer, **named)

    change(engine, booking, deed)
