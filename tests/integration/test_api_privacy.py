"""What goes wrong inside is told in one sentence, and names nobody anywhere."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from app.clock import utc_now
from app.runtime import Runtime
from app.storage.tables import bookings
from tests.door import Door, assert_problem
from tests.house import ADMIN_KEY, change_row, make_booking, make_service
from tests.triggers import refuse
from tests.wishes import wish

#: Words that must appear in no log and no answer but the customer's own.
CANARIES = ("Canary", "canary@example.org", "5550177", "The text of a message")
CUSTOMER = {
    "name": "Canary",
    "email": "canary@example.org",
    "phone": "+14155550177",
}


def break_inserts(runtime: Runtime, table: str) -> None:
    """Let the database refuse new rows: a mistake that nobody foresaw."""
    with runtime.database.write() as tx:
        refuse(tx, "inserts", before=f"INSERT ON {table}")


def all_of(log: pytest.LogCaptureFixture) -> str:
    formatter = logging.Formatter(
        "%(message)s %(action)s %(facts)s", defaults={"action": "", "facts": ""}
    )
    return "\n".join(formatter.format(record) for record in log.records)


def test_what_nobody_foresaw_is_500_logged_once_and_names_nobody(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    service = make_service(door.runtime)
    break_inserts(door.runtime, "bookings")

    answer = door.post("/bookings", wish(service, customer=CUSTOMER, notes="Canary"))

    assert_problem(answer, 500)
    assert answer.json["detail"] == (
        "Bellhop stumbled over this request; nothing was saved. The log tells more."
    )
    said = all_of(caplog)
    assert said.count("Request failed in a way nobody foresaw") == 1
    assert "request_failed" in said
    assert "IntegrityError" in said
    for canary in CANARIES:
        assert canary not in said
        assert canary not in answer.text


def test_the_words_of_a_message_are_in_no_log(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    break_inserts(door.runtime, "notifications")
    order = {
        "kind": "message",
        "channels": ["sms", "email"],
        "to": CUSTOMER,
        "data": {"text": "The text of a message to Canary"},
    }

    answer = door.post("/notifications", order)

    assert_problem(answer, 500)
    said = all_of(caplog)
    assert "Request failed" in said
    for canary in CANARIES:
        assert canary not in said


def test_a_good_day_and_bad_input_log_nobody(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service = make_service(door.runtime)
    booking = door.post("/bookings", wish(service, customer=CUSTOMER)).json
    door.post(f"/bookings/{booking['id']}/confirm")
    door.post(f"/bookings/{booking['id']}/cancel", {"reason": "Canary"})
    door.post("/bookings", wish(service, customer={**CUSTOMER, "phone": "5550177"}))
    door.get("/bookings", customer="canary@example.org")
    door.get("/notifications", recipient="+14155550177")
    door.with_key("Canary").get("/bookings")

    said = all_of(caplog)

    for secret in (*CANARIES, ADMIN_KEY):
        assert secret not in said


def test_a_bad_field_is_named_without_what_was_in_it(door: Door) -> None:
    answer = door.post(
        "/bookings",
        {
            "service_id": "x",
            "start": "Canary",
            "customer": {
                "name": "Canary\x00",
                "email": "Canary",
                "phone": "5550177",
                "locale": "Canary",
            },
            "notes": "Canary\x00",
        },
    )

    assert answer.status == 422
    for canary in CANARIES:
        assert canary not in answer.text


def test_one_payment_names_nobody_elses_booking(door: Door) -> None:
    alice = make_booking(door.runtime)
    bob = make_booking(door.runtime)
    proof = {
        "provider": "manual",
        "reference": "till-17",
        "amount": {"amount": 4500, "currency": "EUR"},
    }
    door.post(f"/bookings/{alice.id}/verify-payment", proof)

    answer = door.post(f"/bookings/{bob.id}/verify-payment", proof)

    assert_problem(answer, 409)
    assert alice.id not in answer.text
    assert alice.reference not in answer.text


def test_a_page_of_a_booking_is_shown_to_nobody_else(door: Door) -> None:
    booking = make_booking(door.runtime)
    change_row(
        door.runtime, bookings, booking.id, updated_at=utc_now() - timedelta(days=1)
    )

    answer = door.with_key(None).get(f"//b/{booking.id}")

    assert answer.status == 404
    assert "This link is not complete" in answer.text
    assert booking.reference not in answer.text
