"""`POST /notifications`: all that a site with its own bookings needs."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.clock import utc_now
from app.services.keys import Scope
from app.storage.tables import tasks
from tests.door import Door, assert_problem, open_door
from tests.house import count, in_days, make_booking, make_runtime, nothing_saved

TO = {"name": "Alice", "phone": "+14155550100", "email": "alice@example.org"}


def message(**more: Any) -> dict[str, Any]:
    """A free text to Alice by SMS, unless said otherwise."""
    return {
        "kind": "message",
        "channels": ["sms"],
        "to": TO,
        "data": {"text": "The studio is closed today."},
        **more,
    }


def test_a_message_is_planned_on_each_channel(door: Door) -> None:
    answer = door.as_scope(Scope.SITE).post(
        "/notifications", message(channels=["email", "sms", "whatsapp"])
    )

    assert answer.status == 202
    planned = answer.json["data"]
    assert [row["channel"] for row in planned] == ["email", "sms", "whatsapp"]
    for row in planned:
        assert row["kind"] == "message"
        assert row["status"] == "pending"
        assert row["attempts"] == 0
        assert row["booking_id"] is None
        due = datetime.fromisoformat(row["due_at"])
        assert datetime.fromisoformat(row["useful_until"]) - due == timedelta(days=1)
        assert door.get(f"/notifications/{row['id']}").json == {**row, "attempts": []}


def test_a_channel_named_twice_is_used_once(door: Door) -> None:
    answer = door.post("/notifications", message(channels=["sms", "email", "sms"]))

    assert [row["channel"] for row in answer.json["data"]] == ["sms", "email"]


REMINDER = {"service_name": "Yoga", "start": "2099-05-22T14:30:00+02:00"}
BAD_DATA: list[tuple[str, str, dict[str, Any]]] = [
    ("data.text", "message", {"text": ""}),
    ("data.text", "message", {"text": " \n "}),
    ("data.text", "message", {"text": ["Hello"]}),
    ("data.text", "message", {"text": 7}),
    ("data.text", "message", {"text": "x" * 10_001}),
    ("data", "message", {"text": "x" * 1601}),
    ("data", "message", {"text": "\u202e\u202c"}),
    ("data", "message", {"text": "a\x00b"}),
    ("data", "message", {"text": "Hi", "n": 2**70}),
    ("data.txt", "message", {"text": "Hi", "txt": "Ho"}),
    ("data.subject", "message", {"text": "Hi", "subject": "Hi\r\nBcc: eve@e.com"}),
    ("data.subject", "message", {"text": "Hi", "subject": "Hi\u2028there"}),
    ("data.subject", "message", {"text": "Hi", "subject": "=?UTF-8?Q?=0A?=Bcc: e@e"}),
    ("data.subject", "message", {"text": "Hi", "subject": "x" * 201}),
    ("data.start", "booking_reminder", {**REMINDER, "start": "2099-05-22T14:30:00"}),
    ("data.start", "booking_reminder", {**REMINDER, "start": "soon"}),
    ("data.start", "booking_reminder", {**REMINDER, "start": 7}),
    ("data.start", "booking_reminder", {**REMINDER, "start": "9999-12-31T23:59:59Z"}),
    ("data.party_size", "booking_reminder", {**REMINDER, "party_size": 0}),
    ("data.party_size", "booking_reminder", {**REMINDER, "party_size": True}),
    ("data.price", "booking_reminder", {**REMINDER, "price": 45}),
    ("data.price", "booking_reminder", {**REMINDER, "price": {"amount": 4.5}}),
    ("data.manage_url", "booking_reminder", {**REMINDER, "manage_url": "x"}),
    (
        "data.manage_url",
        "booking_reminder",
        {**REMINDER, "manage_url": "javascript:alert(1)"},
    ),
    ("data.service_name", "booking_reminder", {**REMINDER, "service_name": "a\nb"}),
    ("data.reason", "booking_cancelled", {**REMINDER, "reason": "=?x?q?y?="}),
]


def test_bad_data_is_422_before_anything_is_queued(door: Door) -> None:
    with nothing_saved(door.runtime):
        answers = [
            (field, door.post("/notifications", message(kind=kind, data=data)))
            for field, kind, data in BAD_DATA
        ]

    for field, answer in answers:
        assert_problem(answer, 422, field)


def test_a_text_too_long_for_one_channel_says_so_of_that_channel(door: Door) -> None:
    text = "x" * 2000

    by_mail = door.post(
        "/notifications", message(channels=["email"], data={"text": text})
    )
    with nothing_saved(door.runtime):
        by_both = door.post(
            "/notifications", message(channels=["email", "sms"], data={"text": text})
        )

    assert by_mail.status == 202
    assert_problem(by_both, 422, "data")
    assert by_both.bad_fields["data"] == (
        "The sms message has 2000 characters; at most 1600 can be sent."
    )


BAD_ORDERS: list[tuple[list[str], dict[str, Any]]] = [
    (["kind"], {"kind": "newsletter"}),
    (["kind"], {"kind": None}),
    (["channels"], {"channels": []}),
    (["channels"], {"channels": "sms"}),
    (["channels"], {"channels": ["sms"] * 4}),
    (["channels.1"], {"channels": ["sms", "pigeon"]}),
    (["to"], {"to": None}),
    (["to.phone"], {"to": {}}),
    (["to.phone", "to.email"], {"to": {}, "channels": ["sms", "email"]}),
    (["to.phone"], {"to": {"phone": "12"}}),
    (["to.email"], {"to": {"email": "a@b.com\r\nBcc: c@d.com"}, "channels": ["email"]}),
    (["to.name"], {"to": {**TO, "name": "=?utf-8?q?x?="}}),
    (["to.locale"], {"to": {**TO, "locale": "xx-YY"}}),
    (["to.timezone"], {"to": {**TO, "timezone": "Europe/Vienna"}}),
    (["data"], {"data": "Hello"}),
    (["priority"], {"priority": -1}),
    (["priority"], {"priority": 101}),
    (["priority"], {"priority": 2**70}),
    (["priority"], {"priority": "50"}),
    (["send_at"], {"send_at": "2099-01-01T10:00:00"}),
    (["useful_until"], {"useful_until": "2001-01-01T10:00:00Z"}),
    (
        ["useful_until"],
        {
            "send_at": "2098-01-01T10:00:00Z",
            "useful_until": "2098-01-01T10:00:00Z",
        },
    ),
    (
        ["useful_until"],
        {
            "send_at": "2001-01-01T10:00:00Z",
            "useful_until": "2002-01-01T10:00:00Z",
        },
    ),
    (["dedupe_key"], {"dedupe_key": ""}),
    (["dedupe_key"], {"dedupe_key": "x" * 201}),
    (["dedupe_key"], {"dedupe_key": "a\nb"}),
    (["booking_id"], {"booking_id": "none"}),
    (["status"], {"status": "sent"}),
    (["recipient"], {"recipient": "+14155550111"}),
    (
        ["to.phone", "useful_until", "booking_id", "data.text"],
        {
            "to": {},
            "useful_until": "2001-01-01T10:00:00Z",
            "booking_id": "none",
            "data": {},
        },
    ),
]


def test_every_bad_field_of_an_order_is_named(door: Door) -> None:
    with nothing_saved(door.runtime):
        answers = [
            (fields, door.post("/notifications", message(**change)))
            for fields, change in BAD_ORDERS
        ]

    for fields, answer in answers:
        assert_problem(answer, 422, *fields)


def test_the_same_dedupe_key_plans_nothing_new(door: Door) -> None:
    first = door.post(
        "/notifications", message(dedupe_key="7/paid", channels=["sms", "email"])
    )
    with nothing_saved(door.runtime):
        again = door.post(
            "/notifications",
            message(
                dedupe_key="7/paid",
                channels=["sms", "email"],
                priority=5,
            ),
        )
    one_more = door.post(
        "/notifications", message(dedupe_key="7/paid", channels=["sms", "whatsapp"])
    )

    assert again.status == 202
    assert again.json == first.json
    assert count(door.runtime, tasks) == 3
    assert first.json["data"][0] in one_more.json["data"]


@pytest.mark.parametrize(
    "other",
    [
        {"data": {"text": "Other words"}},
        {"to": TO | {"phone": "+14155550111"}},
        {"to": TO | {"name": "Bob"}},
    ],
)
def test_a_dedupe_key_that_comes_again_with_other_words_is_refused(
    door: Door, other: dict[str, Any]
) -> None:
    first = door.post("/notifications", message(dedupe_key="7/paid"))

    again = message(dedupe_key="7/paid", channels=["whatsapp", "sms"]) | other
    with nothing_saved(door.runtime):
        answer = door.post("/notifications", again)

    assert_problem(answer, 409)
    assert first.json["data"][0]["id"] in answer.json["detail"]


def test_a_message_waits_until_it_is_to_be_sent(door: Door) -> None:
    send_at, useful_until = in_days(2), in_days(2) + timedelta(hours=3)

    row = door.post(
        "/notifications",
        message(send_at=send_at.isoformat(), useful_until=useful_until.isoformat()),
    ).json["data"][0]

    assert datetime.fromisoformat(row["due_at"]) == send_at
    assert datetime.fromisoformat(row["next_attempt_at"]) == send_at
    assert datetime.fromisoformat(row["useful_until"]) == useful_until


def test_a_moment_that_has_passed_means_now(door: Door) -> None:
    row = door.post("/notifications", message(send_at="2001-01-01T10:00:00Z")).json[
        "data"
    ][0]

    assert row["status"] == "pending"
    assert datetime.fromisoformat(row["useful_until"]) > utc_now()


def test_a_message_may_belong_to_a_booking(door: Door) -> None:
    booking = make_booking(door.runtime)

    row = door.post("/notifications", message(booking_id=booking.id, priority=3)).json[
        "data"
    ][0]

    assert row["booking_id"] == booking.id
    assert row["priority"] == 3
    found = door.get("/notifications", booking_id=booking.id).json["data"]
    assert [one["id"] for one in found] == [row["id"]]


def test_a_channel_without_credentials_is_off_beside_a_real_one(
    tmp_path: Path,
) -> None:
    sender = "hello@example.com"
    with make_runtime(
        tmp_path, EMAIL_HOST="127.0.0.1", DEFAULT_FROM_EMAIL=sender
    ) as runtime:
        answer = open_door(runtime).post(
            "/notifications", message(channels=["sms", "email"])
        )

    told = {row["channel"]: row for row in answer.json["data"]}
    assert told["email"]["status"] == "pending"
    assert told["sms"]["status"] == "suppressed"
    assert told["sms"]["reason"] == "channel not configured"
