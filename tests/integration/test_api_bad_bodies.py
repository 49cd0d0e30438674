"""Bodies that are no JSON, no object, too large or meant to hurt: 4xx, none saved."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from app.storage.tables import bookings
from tests.door import Door, assert_problem
from tests.house import (
    change_row,
    in_days,
    make_booking,
    make_service,
    nothing_saved,
)

#: Every POST that takes a body.
POSTS = [
    "/services",
    "/bookings",
    "/bookings/{booking}/verify-payment",
    "/bookings/{booking}/confirm",
    "/bookings/{booking}/cancel",
    "/bookings/{booking}/reschedule",
    "/bookings/{booking}/complete",
    "/bookings/{booking}/no-show",
    "/notifications",
    "/notifications/retry",
    "/notifications/cancel",
    "/queues/sms/pause",
    "/queues/sms/purge",
]

NOT_JSON = {
    "cut off": b'{"name":',
    "a form": b"name=Yoga&capacity=5",
    "NaN": b'{"name": NaN}',
    "Infinity": b'{"name": -Infinity}',
    "a number beyond every float": b'{"name": 1e999}',
    "half a surrogate pair": b'{"name": "\\ud800"}',
    "the other half": b'{"name": "\\udc00 x"}',
    "half a pair as a name": b'{"\\ud800": 1}',
    "half a pair in UTF-8": b'{"name": "\xed\xa0\x80"}',
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"name": "Yoga"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"name": "Yoga"}',
    "30,000 nested brackets": b'{"name": ' + b"[" * 30_000,
    "30,000 nested braces": b'{"a":' * 10_000,
    "300 nested and closed": b'{"name": ' + b"[" * 300 + b"]" * 300 + b"}",
    "an integer of 5,000 digits": b'{"capacity": ' + b"9" * 5000 + b"}",
    "a name given twice": b'{"name": "Yoga", "name": "Pilates"}',
    "a name given twice inside": b'{"customer": {"name": "A", "name": "B"}}',
    "a raw line break in a text": b'{"name": "Yo\nga"}',
    "two documents": b'{"name": "Yoga"} {"name": "Pilates"}',
    "a comment": b'{"name": "Yoga"} // mine',
    "a raw NUL": b"\x00",
}
NO_OBJECT = [b"[]", b'"name"', b"null", b"17", b"true"]


@pytest.fixture(name="paths")
def posts_of_a_booking(door: Door) -> list[str]:
    booking = make_booking(door.runtime)
    return [path.format(booking=booking.id) for path in POSTS]


def test_what_is_not_json_is_400_everywhere(door: Door, paths: list[str]) -> None:
    with nothing_saved(door.runtime):
        answers = [
            door.ask("POST", path, content=content)
            for content in NOT_JSON.values()
            for path in paths
        ]

    for answer in answers:
        assert_problem(answer, 400)
        assert "JSON" in answer.json["detail"]


def test_json_that_is_no_object_is_422_everywhere(door: Door, paths: list[str]) -> None:
    with nothing_saved(door.runtime):
        answers = [
            door.ask("POST", path, content=content)
            for content in NO_OBJECT
            for path in paths
        ]

    for answer in answers:
        assert_problem(answer, 422, "body")


def test_an_unknown_field_is_refused_everywhere(door: Door, paths: list[str]) -> None:
    with nothing_saved(door.runtime):
        answers = [door.post(path, {"colour": "red"}) for path in paths]

    for answer in answers:
        assert answer.status == 422
        if "verify-payment" not in answer.text and "provider" not in answer.bad_fields:
            assert answer.bad_fields["colour"] == "is not a field of this request"


def test_a_hundred_thousand_nested_brackets_are_413(
    door: Door, paths: list[str]
) -> None:
    with nothing_saved(door.runtime):
        answers = [door.ask("POST", p, content=b"[" * 100_000) for p in paths]

    for answer in answers:
        assert_problem(answer, 413)


def test_a_body_of_64_kib_is_read_and_one_byte_more_is_not(door: Door) -> None:
    largest = json.dumps({"name": "Yoga", "duration_minutes": 60}).ljust(64 * 1024)

    with nothing_saved(door.runtime):
        too_large = door.ask("POST", "/services", content=largest + " ")
    fits = door.ask("POST", "/services", content=largest)

    assert_problem(too_large, 413)
    assert too_large.json["detail"] == "The body is larger than 64 KiB."
    assert fits.status == 201


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/merge-patch+json",
        "nonsense",
        "",
    ],
)
def test_json_is_read_whatever_its_content_type_says(
    door: Door, content_type: str
) -> None:
    answer = door.ask(
        "POST",
        "/services",
        content='{"name": "Yoga", "duration_minutes": 60}',
        headers={"Content-Type": content_type},
    )

    assert answer.status == 201
    assert answer.json["name"] == "Yoga"


@pytest.mark.parametrize("content", [None, b"", b" \n "])
def test_no_body_where_fields_are_needed_names_them(
    door: Door, content: bytes | None
) -> None:
    with nothing_saved(door.runtime):
        answer = door.ask("POST", "/bookings", content=content)

    assert_problem(answer, 422, "service_id", "start", "customer")
    assert set(answer.bad_fields.values()) == {"is required"}


def test_no_body_is_enough_where_every_field_may_be_left_out(door: Door) -> None:
    service = make_service(door.runtime)
    first = make_booking(door.runtime, service)
    second = make_booking(door.runtime, service, confirmed=True)
    third = make_booking(door.runtime, service, confirmed=True)
    for begun in (second, third):
        change_row(door.runtime, bookings, begun.id, start=in_days(-1))

    assert door.post(f"/bookings/{first.id}/confirm").json["status"] == "confirmed"
    assert door.post(f"/bookings/{first.id}/cancel").json["status"] == "cancelled"
    assert door.post(f"/bookings/{second.id}/complete").json["status"] == "completed"
    assert door.post(f"/bookings/{third.id}/no-show").json["status"] == "no_show"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", "//nothing/at/all"),
        ("GET", "/bookings/"),
        ("POST", "//b"),
        ("GET", "/bookings/%00/confirm/x"),
    ],
)
def test_an_address_where_nothing_is_is_a_problem_document(
    door: Door, method: str, path: str
) -> None:
    answer = door.ask(method, path)

    assert_problem(answer, 404)
    assert answer.json["detail"] == "There is nothing at this address."


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/bookings", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("PUT", "/services/x", {"GET", "HEAD", "OPTIONS", "PATCH"}),
        ("GET", "/bookings/x/confirm", {"OPTIONS", "POST"}),
        ("POST", "//healthz", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_method_that_a_route_has_not_is_405_and_names_those_it_has(
    door: Door, method: str, path: str, allowed: set[str]
) -> None:
    answer = door.ask(method, path)

    assert_problem(answer, 405)
    assert answer.json["detail"] == f"{method} cannot be done here."
    assert {name.strip() for name in answer.headers["Allow"].split(",")} == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/services/{id}",
        "/services/{id}/availability",
        "/bookings/{id}",
        "/notifications/{id}",
    ],
)
@pytest.mark.parametrize("unknown", ["no-such-id", str(UUID(int=7))])
def test_what_does_not_exist_is_404(door: Door, path: str, unknown: str) -> None:
    answer = door.get(path.format(id=unknown))

    assert_problem(answer, 404)
    assert unknown in answer.json["detail"]


@pytest.mark.parametrize("bad", ["%00", "%0d%0aX-Evil:%201", "x" * 101])
def test_an_id_that_can_be_none_is_refused(door: Door, bad: str) -> None:
    answer = door.get(f"/bookings/{bad}")

    assert_problem(answer, 422, "booking_id")
    assert "X-Evil" not in answer.headers
