"""`/customers`: a customer's data to take along, and to forget; who may ask for it."""

from __future__ import annotations

from app.services.keys import Scope
from app.storage.tables import bookings, consents, idempotency_keys, tasks
from tests.door import Door, assert_problem
from tests.house import (
    ALICE,
    change_row,
    count,
    in_days,
    make_booking,
    nothing_saved,
    rows,
)
from tests.replying import ALICES_PHONE, write


def book_and_go(door: Door) -> str:
    """Let Alice have had a booking; return its id."""
    booking = make_booking(door.runtime, customer=ALICE, confirmed=True)
    past = {"start": in_days(-3), "end": in_days(-2), "status": "completed"}
    change_row(door.runtime, bookings, booking.id, **past)
    return booking.id


def test_an_export_is_found_by_either_address(door: Door) -> None:
    booking_id = book_and_go(door)

    by_mail = door.get("/customers/export", email="Alice@Example.org")
    by_phone = door.get("/customers/export", phone="+1 415 555 0100")

    assert by_mail.status == by_phone.status == 200
    for answer in (by_mail, by_phone):
        assert [row["id"] for row in answer.json["bookings"]] == [booking_id]
        assert len(answer.json["messages"]) == 3  # one a channel


def test_an_export_holds_what_the_customer_wrote_and_agreed_to(door: Door) -> None:
    write(door.runtime, "stop")

    found = door.get("/customers/export", phone=ALICES_PHONE).json

    assert [row["text"] for row in found["inbox"]] == ["stop"]
    assert [row["action"] for row in found["consents"]] == ["withdrawn"]


def test_an_erased_customer_is_found_no_more(door: Door) -> None:
    book_and_go(door)
    body = {"email": ALICE.email, "phone": ALICE.phone}

    answer = door.post("/customers/erase", body)
    after = door.get("/customers/export", **body).json

    assert answer.status == 200
    assert answer.json == {
        "bookings": 1,
        "messages": 3,
        "inbox": 0,
        "tasks": 0,
        "also_known_as": [],
    }
    assert not any(after.values())
    (booking,) = rows(door.runtime, bookings)
    assert booking["customer_name"] == "erased"
    assert {row["status"] for row in rows(door.runtime, tasks)} == {"cancelled"}


def test_erasing_once_more_under_the_same_key_answers_as_before(door: Door) -> None:
    book_and_go(door)

    first = door.post("/customers/erase", {"email": ALICE.email}, Idempotency_Key="e1")
    again = door.post("/customers/erase", {"email": ALICE.email}, Idempotency_Key="e1")

    assert first.json == again.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert ALICES_PHONE not in str(rows(door.runtime, idempotency_keys))


def test_a_customer_with_a_booking_ahead_is_not_erased(door: Door) -> None:
    booking = make_booking(door.runtime, customer=ALICE)

    with nothing_saved(door.runtime):
        answer = door.post("/customers/erase", {"email": ALICE.email})

    assert_problem(answer, 409)
    assert booking.reference in answer.json["detail"]


def test_nobody_is_meant_where_nobody_is_named(door: Door) -> None:
    assert_problem(door.get("/customers/export"), 422, "email")
    strangers = door.get("/customers/export", email="x", phone="y")
    assert_problem(strangers, 422, "email", "phone")
    with nothing_saved(door.runtime):
        assert_problem(door.post("/customers/erase", {}), 422, "email")
        assert_problem(door.post("/customers/erase", {"name": "Alice"}), 422, "name")


def test_a_site_may_neither_export_nor_erase(door: Door) -> None:
    site = door.as_scope(Scope.SITE)

    assert_problem(site.get("/customers/export", email=ALICE.email), 403)
    assert_problem(site.post("/customers/erase", {"email": ALICE.email}), 403)


def test_an_opt_out_is_told_of_an_erased_customer_still(door: Door) -> None:
    write(door.runtime, "stop")
    door.post("/customers/erase", {"phone": ALICES_PHONE})

    held = door.get("/consents", address=ALICES_PHONE).json

    assert [row["channel"] for row in held["suppressed"]] == ["sms"]
    assert [row["words"] for row in held["data"]] == [""]
    assert count(door.runtime, consents, address=ALICES_PHONE) == 0
