"""One customer's data: exported whole, and erased so that nothing tells of them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from app.domain.bookings import Booking, BookingStatus, Customer
from app.domain.outcomes import Outcome, Result
from app.domain.tasks import Status
from app.errors import ConflictError
from app.services import bookings, customers, idempotency, notifications
from app.services.customers import Erased, Who
from app.services.idempotency import Answer, Request
from app.storage import tables
from app.storage.tables import metadata
from tests.engine import Engine
from tests.house import (
    BOB,
    all_rows,
    change_row,
    count,
    make_booking,
    perform,
    rows,
)
from tests.replying import book, write

ALICE = Customer(
    name="Alicia Liddell",
    email="alicia.liddell@example.org",
    phone="+14155550142",
    locale="en_GB",
)
WHO = Who(email=ALICE.email, phone=ALICE.phone)
#: What must not be found anywhere once she is erased.
SECRETS = ("Alicia", "Liddell", "liddell", "4155550142", "rabbit", "hole")

#: Tables that tell of customers, each with a place in `storage/customers.py` or, where
#: it keeps answers for a day, in `storage/erasing.py`.
PERSONAL = {
    *("bookings", "payments", "tasks", "notifications", "attempts", "own_tasks"),
    *("consents", "suppressions", "inbox", "idempotency_keys", "provider_events"),
    "preferences",
}
#: Tables that hold nothing that tells of one customer.
IMPERSONAL = {
    *("installation", "api_keys", "queue_states", "circuits", "leases", "workers"),
    *("jobs", "daily_counts", "services", "task_groups", "task_links"),
    "group_guests",
    *("daily_costs", "template_versions"),
    # Keyed hashes of addresses, for two days.
    *("verifications", "stopped_codes"),
    "ladders",
}


def test_every_table_is_known_to_tell_of_customers_or_not() -> None:
    assert set(metadata.tables) == PERSONAL | IMPERSONAL


def live(engine: Engine) -> Booking:
    """Let Alice book, write, be written to, come, and go."""
    booking = book(engine, days=1, customer=ALICE)
    personal = {"notes": "down the rabbit hole", "metadata": {"pet": "rabbit"}}
    change_row(engine.runtime, tables.bookings, booking.id, **personal)
    for text in ("yes", "Where is the rabbit hole?"):
        write(engine.runtime, text, sender=ALICE.phone, profile_name="Alicia")
    engine.message("Mind the hole, Alicia", recipient=ALICE.phone)
    engine.work()
    engine.clock.advance(days=1, hours=2)
    perform(
        engine.runtime,
        lambda tx: bookings.change_status(
            tx,
            engine.runtime,
            bookings.find(tx, booking.id),
            to=BookingStatus.COMPLETED,
            now=engine.clock.now,
        ),
    )
    engine.work()
    write(engine.runtime, "stop", sender=ALICE.phone)
    engine.work()
    return booking


def erase(engine: Engine, who: Who = WHO) -> Erased:
    return perform(
        engine.runtime,
        lambda tx: customers.erase(tx, engine.runtime, who, now=engine.clock.now),
    )


def told_of_alice(engine: Engine) -> list[str]:
    return [row for row in all_rows(engine.runtime) if any(s in row for s in SECRETS)]


def test_after_erasing_nothing_tells_of_the_customer(engine: Engine) -> None:
    live(engine)
    assert told_of_alice(engine)

    erased = erase(engine)

    assert told_of_alice(engine) == []
    assert erased.bookings == 1
    assert erased.inbox == 3
    assert erased.also_known_as == []


def test_what_is_counted_stays(engine: Engine) -> None:
    live(engine)
    before = _counted(engine)

    erase(engine)

    assert _counted(engine) == before


def _counted(engine: Engine) -> object:
    """Return what reports are made of."""
    return (
        sorted((r["kind"], r["status"]) for r in rows(engine.runtime, tables.tasks)),
        [(r["status"], r["start"]) for r in rows(engine.runtime, tables.bookings)],
        sorted(r["outcome"] for r in rows(engine.runtime, tables.attempts)),
        sorted(r["meaning"] for r in rows(engine.runtime, tables.inbox)),
        count(engine.runtime, tables.consents),
    )


def test_others_keep_everything(engine: Engine) -> None:
    book(engine, days=5, customer=BOB)
    write(engine.runtime, "yes", sender=BOB.phone)
    engine.work()
    before = set(all_rows(engine.runtime))
    live(engine)

    erase(engine)

    assert before <= set(all_rows(engine.runtime))


def test_an_opt_out_survives_its_customers_erasure(engine: Engine) -> None:
    live(engine)
    erase(engine)

    task_id = engine.message("news", recipient=ALICE.phone)
    engine.work()

    assert engine.status(task_id) == "suppressed"
    assert engine.row(task_id)["reason"].startswith("The customer opted out by SMS")
    assert "news" not in engine.texts


def test_who_comes_back_after_erasure_can_opt_in_again(engine: Engine) -> None:
    live(engine)
    erase(engine)

    write(engine.runtime, "start", sender=ALICE.phone)
    task_id = engine.message("welcome", recipient=ALICE.phone)
    engine.work()

    assert engine.status(task_id) == "sent"
    assert count(engine.runtime, tables.suppressions) == 0


def test_erasing_twice_finds_nothing_the_second_time(engine: Engine) -> None:
    live(engine)
    erase(engine)

    second = erase(engine)

    assert (second.bookings, second.messages, second.inbox, second.tasks) == (0,) * 4
    assert count(engine.runtime, tables.suppressions) == 1


def test_a_second_opt_out_and_erasure_leave_one_row(engine: Engine) -> None:
    for _ in range(2):
        write(engine.runtime, "stop", sender=ALICE.phone)
        erase(engine)

    assert count(engine.runtime, tables.suppressions) == 1


def test_what_waits_is_called_off_and_never_tried_again(engine: Engine) -> None:
    waiting = engine.message("news", recipient=ALICE.phone)
    engine.provider.script.append(
        Outcome(result=Result.PERMANENT_CONTENT, reason="no such template")
    )
    engine.message("first", recipient=BOB.phone)
    dead = engine.message("bad", recipient=ALICE.phone)
    engine.put_into(dead, Status.DEAD)

    erase(engine)
    perform(
        engine.runtime,
        lambda tx: notifications.retry(tx, dead, now=engine.clock.now),
    )
    engine.work()

    assert engine.status(waiting) == "cancelled"
    assert engine.row(waiting)["reason"] == "The customer's data was erased."
    assert engine.status(dead) == "suppressed"
    assert [m.recipient for m in engine.provider.handed] == [BOB.phone]


def test_an_unknown_outcome_is_asked_about_no_more(engine: Engine) -> None:
    unknown = engine.message("news", recipient=ALICE.phone)
    engine.put_into(unknown, Status.UNKNOWN)

    erase(engine)
    engine.clock.advance(hours=2)
    engine.work()

    assert engine.status(unknown) == "dead"
    assert engine.provider.asked == []


def test_nothing_is_erased_while_a_message_is_being_sent(engine: Engine) -> None:
    engine.message("hello", recipient=ALICE.phone)
    refused: list[str] = []

    def send() -> Outcome:
        with pytest.raises(ConflictError) as error:
            erase(engine)
        refused.append(str(error.value))
        return Outcome(result=Result.ACCEPTED, provider_message_id="1")

    engine.provider.script.append(send)
    engine.work()

    assert len(refused) == 1
    assert "Try again in a minute" in refused[0]
    assert told_of_alice(engine)


@pytest.mark.parametrize("confirmed", [True, False])
def test_nothing_is_erased_while_a_booking_is_ahead(
    engine: Engine, *, confirmed: bool
) -> None:
    booking = make_booking(
        engine.runtime,
        customer=ALICE,
        start=engine.clock.now + timedelta(days=1),
        now=engine.clock.now,
        confirmed=confirmed,
    )

    with pytest.raises(ConflictError, match=booking.reference):
        erase(engine)

    assert told_of_alice(engine)


def test_other_addresses_of_the_same_bookings_are_named_masked(
    engine: Engine,
) -> None:
    live(engine)

    erased = erase(engine, Who(email=ALICE.email))

    assert erased.also_known_as == ["+14***42"]
    assert count(engine.runtime, tables.bookings, customer_phone=None) == 1


def test_an_answer_kept_for_a_repeated_request_goes_too(engine: Engine) -> None:
    asked = Request(scope="first POST /bookings", key="k", body=b"{}")
    with engine.runtime.database.write() as tx:
        idempotency.earlier_answer(tx, asked, now=engine.clock.now)
        body = json.dumps({"customer": {"email": ALICE.email}})
        idempotency.keep(tx, asked, Answer(status=201, body=body))

    erase(engine)

    assert count(engine.runtime, tables.idempotency_keys) == 0


def test_an_export_holds_every_row_that_tells_of_the_customer(
    engine: Engine,
) -> None:
    booking = live(engine)
    book(engine, days=5, customer=BOB)

    with engine.runtime.database.read() as tx:
        found = customers.export(tx, engine.runtime, WHO)

    exported = json.dumps(found, default=str)
    assert [row["id"] for row in found["bookings"]] == [booking.id]
    assert {row["meaning"] for row in found["inbox"]} == {"confirm", "stop", ""}
    assert [row["action"] for row in found["consents"]] == ["withdrawn"]
    assert len(found["suppressions"]) == 1
    assert len(found["tasks"]) == 1  # the staff was told of her question
    assert "Mind the hole" in exported
    assert "Bob" not in exported
    assert len(found["attempts"]) >= len(found["messages"]) - 1
