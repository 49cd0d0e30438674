"""Every field that a booking may not be given, and that it then saves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.catalogue import Service
from tests.door import Door, assert_problem
from tests.house import make_service, nothing_saved
from tests.wishes import ALICE, wish


@pytest.fixture(name="yoga")
def a_service(door: Door) -> Service:
    return make_service(door.runtime)


BAD_FIELDS: list[tuple[str, dict[str, Any]]] = [
    ("service_id", {"service_id": "none"}),
    ("service_id", {"service_id": 7}),
    ("service_id", {"service_id": "x" * 101}),
    ("service_id", {"service_id": "\x00"}),
    ("start", {"start": "2099-01-01T10:00:00"}),
    ("start", {"start": "2099-01-01"}),
    ("start", {"start": "2001-01-01T10:00:00Z"}),
    ("start", {"start": "1999-01-01T10:00:00Z"}),
    ("start", {"start": "2200-01-01T10:00:00Z"}),
    ("start", {"start": "0001-01-01T00:00:00+14:00"}),
    ("start", {"start": "9999-12-31T23:59:59-14:00"}),
    ("start", {"start": "2099-02-30T10:00:00Z"}),
    ("start", {"start": "2099-01-01T10:00:00+25:00"}),
    ("start", {"start": 4070908800}),
    ("start", {"start": 2**70}),
    ("start", {"start": "tomorrow at ten"}),
    ("start", {"start": "2099-01-01T10:00:00Z" + "0" * 5000}),
    ("start", {"start": None}),
    ("party_size", {"party_size": 0}),
    ("party_size", {"party_size": -1}),
    ("party_size", {"party_size": 6}),
    ("party_size", {"party_size": 2**70}),
    ("party_size", {"party_size": 1.5}),
    ("party_size", {"party_size": "2"}),
    ("party_size", {"party_size": True}),
    ("customer", {"customer": None}),
    ("customer", {"customer": "Alice"}),
    ("customer", {"customer": [ALICE]}),
    ("customer.name", {"customer": {}}),
    ("customer.name", {"customer": {"name": ""}}),
    ("customer.name", {"customer": {"name": " \t "}}),
    ("customer.name", {"customer": {"name": "x" * 201}}),
    ("customer.name", {"customer": {"name": "Alice\r\nBcc: eve@example.com"}}),
    ("customer.name", {"customer": {"name": "Alice\x00"}}),
    ("customer.name", {"customer": {"name": "Alice\u0085Eve"}}),
    ("customer.name", {"customer": {"name": "=?utf-8?q?=0ABcc:_eve?="}}),
    ("customer.email", {"customer": {"name": "A", "email": "alice"}}),
    ("customer.email", {"customer": {"name": "A", "email": "a@b.com\r\nBcc: c@d.com"}}),
    ("customer.email", {"customer": {"name": "A", "email": "a@b.com, c@d.com"}}),
    ("customer.email", {"customer": {"name": "A", "email": "Alice <a@b.com>"}}),
    ("customer.email", {"customer": {"name": "A", "email": "a@b.com\x00"}}),
    ("customer.email", {"customer": {"name": "A", "email": "=?utf-8?q?a?=@b.com"}}),
    ("customer.email", {"customer": {"name": "A", "email": "a@" + "b" * 300 + ".com"}}),
    ("customer.email", {"customer": {"name": "A", "email": ["a@b.com"]}}),
    ("customer.phone", {"customer": {"name": "A", "phone": "12345"}}),
    ("customer.phone", {"customer": {"name": "A", "phone": "+1 415 555 0100 ext. 5"}}),
    ("customer.phone", {"customer": {"name": "A", "phone": "+999999999999"}}),
    ("customer.phone", {"customer": {"name": "A", "phone": "call me"}}),
    ("customer.phone", {"customer": {"name": "A", "phone": 14155550100}}),
    ("customer.phone", {"customer": {"name": "A", "phone": "+1415555\x000100"}}),
    ("customer.locale", {"customer": {"name": "A", "locale": "xx"}}),
    ("customer.locale", {"customer": {"name": "A", "locale": "../../etc"}}),
    ("customer.locale", {"customer": {"name": "A", "locale": "en\x00"}}),
    ("customer.timezone", {"customer": {"name": "A", "timezone": "Europe/Atlantis"}}),
    ("customer.timezone", {"customer": {"name": "A", "timezone": "../etc/passwd"}}),
    ("customer.timezone", {"customer": {"name": "A", "timezone": "UTC\x00"}}),
    ("customer.timezone", {"customer": {"name": "A", "timezone": "localtime"}}),
    ("customer.timezone", {"customer": {"name": "A", "timezone": "Factory"}}),
    ("customer.channels", {"customer": {"name": "A", "channels": "sms"}}),
    ("customer.channels.0", {"customer": {"name": "A", "channels": ["pigeon"]}}),
    ("customer.vip", {"customer": {"name": "A", "vip": True}}),
    ("notes", {"notes": "x" * 4001}),
    ("notes", {"notes": "a\x00b"}),
    ("notes", {"notes": {"text": "hi"}}),
    ("metadata", {"metadata": []}),
    ("metadata", {"metadata": {"n": 2**70}}),
    ("metadata", {"metadata": {"n": "a\x00b"}}),
    ("metadata", {"metadata": {"a\x00b": 1}}),
    ("metadata", {"metadata": {"a": [[[[[[[[[[1]]]]]]]]]]}}),
    ("metadata", {"metadata": {str(n): n for n in range(51)}}),
    ("status", {"status": "confirmed"}),
    ("id", {"id": "mine"}),
    ("price", {"price": {"amount": 1, "currency": "EUR"}}),
    ("payment_status", {"payment_status": "paid"}),
    ("hold_expires_at", {"hold_expires_at": None}),
    ("revision", {"revision": 7}),
    ("", {"": 1}),
]


def test_a_bad_field_is_422_and_nothing_is_saved(door: Door, yoga: Service) -> None:
    wishes = [(field, wish(yoga, **change)) for field, change in BAD_FIELDS]

    with nothing_saved(door.runtime):
        answers = [(field, door.post("/bookings", asked)) for field, asked in wishes]

    for field, answer in answers:
        assert_problem(answer, 422, field or "body")
        assert answer.json["title"] == "Unprocessable Entity"


def test_every_bad_field_is_named_at_once(door: Door) -> None:
    answer = door.post(
        "/bookings",
        {
            "start": "soon",
            "party_size": 0,
            "customer": {"email": "x", "phone": "x", "timezone": "x"},
            "colour": "red",
        },
    )

    assert_problem(
        answer,
        422,
        "service_id",
        "start",
        "party_size",
        "customer.name",
        "customer.email",
        "customer.phone",
        "customer.timezone",
        "colour",
    )


def test_what_only_the_calendar_knows_is_named_at_once_too(
    door: Door, yoga: Service
) -> None:
    with nothing_saved(door.runtime):
        answer = door.post(
            "/bookings", wish(yoga, start="2020-01-01T10:00:00Z", party_size=9)
        )

    assert_problem(answer, 422, "start", "party_size")
    assert answer.bad_fields["start"] == "is in the past"
    assert answer.bad_fields["party_size"] == "the service has 5 places at a time"
