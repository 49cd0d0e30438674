"""`/consents`: what the site records is obeyed, and the ledger tells it all."""

from __future__ import annotations

from typing import Any

import pytest

from app.services.keys import Scope
from app.storage.tables import consents, suppressions, tasks
from tests.door import Door, assert_problem
from tests.house import ALICE, count, make_booking, nothing_saved, rows
from tests.replying import ALICES_PHONE, write

WITHDRAWN = {"channel": "sms", "phone": "+1 415 555 0100", "action": "withdrawn"}


def test_a_withdrawal_that_the_site_records_is_obeyed(door: Door) -> None:
    site = door.as_scope(Scope.SITE)

    answer = site.post("/consents", {**WITHDRAWN, "words": "No SMS, please"})
    booking = make_booking(door.runtime, confirmed=True)

    assert answer.status == 200
    assert answer.json["address"] == ALICES_PHONE
    held = answer.json["suppressed"]
    assert held["scope"] == "all"
    assert held["reason"].startswith("The customer opted out on the website on ")
    (sms,) = rows(door.runtime, tasks, booking_id=booking.id, queue="sms")
    assert (sms["status"], sms["reason"]) == ("suppressed", held["reason"])


def test_a_consent_that_is_given_again_lifts_it(door: Door) -> None:
    door.post("/consents", WITHDRAWN)

    answer = door.post("/consents", {**WITHDRAWN, "action": "granted"})

    assert answer.json["suppressed"] is None
    assert count(door.runtime, suppressions) == 0
    assert count(door.runtime, consents) == 2


def test_the_ledger_tells_who_when_how_in_which_words_and_what_proves_it(
    door: Door,
) -> None:
    entry = write(door.runtime, "STOP")
    door.post(
        "/consents",
        {
            "channel": "sms",
            "phone": ALICES_PHONE,
            "action": "granted",
            "how": "staff",
            "words": "She asked at the desk",
            "evidence": "form-17",
        },
    )

    answer = door.get("/consents", address=ALICES_PHONE)

    assert answer.json["suppressed"] == []
    told = [
        (line["action"], line["how"], line["words"], line["evidence"])
        for line in answer.json["data"]
    ]
    assert told == [
        ("granted", "staff", "She asked at the desk", "form-17"),
        ("withdrawn", "sms_reply", "STOP", entry["id"]),
    ]


def test_the_ledger_tells_what_holds_on_every_channel(door: Door) -> None:
    door.post("/consents", WITHDRAWN)
    door.post("/consents", {**WITHDRAWN, "channel": "whatsapp"})

    held = door.get("/consents", address=ALICES_PHONE).json["suppressed"]

    assert [row["channel"] for row in held] == ["sms", "whatsapp"]


def test_an_e_mail_address_counts_in_any_case_of_letters(door: Door) -> None:
    order = {
        "channel": "email",
        "email": "Alice@Example.org",
        "action": "withdrawn",
        "scope": "nonessential",
    }

    door.post("/consents", order)

    held = door.get("/consents", address="ALICE@example.ORG").json["suppressed"]
    assert [row["scope"] for row in held] == ["nonessential"]


def test_the_ledger_comes_in_pages(door: Door) -> None:
    for _ in range(5):
        door.post("/consents", WITHDRAWN)
    seen: list[str] = []
    cursor: dict[str, Any] = {}

    for expected in (2, 2, 1):
        page = door.get("/consents", address=ALICES_PHONE, limit=2, **cursor).json
        assert len(page["data"]) == expected
        seen += [line["id"] for line in page["data"]]
        cursor = {"cursor": page["next_cursor"]}

    assert cursor == {"cursor": None}
    assert len(set(seen)) == 5


def test_the_ledger_of_nobody_is_empty(door: Door) -> None:
    answer = door.get("/consents", address="nobody@example.org")

    assert answer.json == {"data": [], "next_cursor": None, "suppressed": []}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["channel", "action"]),
        ({**WITHDRAWN, "phone": None}, ["phone"]),
        ({**WITHDRAWN, "channel": "email"}, ["email"]),
        ({**WITHDRAWN, "how": "sms_reply"}, ["how"]),
        ({**WITHDRAWN, "scope": "some", "phone": "12"}, ["scope", "phone"]),
        ({**WITHDRAWN, "who": "Alice"}, ["who"]),
        ({**WITHDRAWN, "words": "x" * 4001}, ["words"]),
    ],
)
def test_a_bad_consent_names_every_bad_field(
    door: Door, body: dict[str, Any], fields: list[str]
) -> None:
    with nothing_saved(door.runtime):
        answer = door.post("/consents", body)

    assert_problem(answer, 422, *fields)


def test_a_ledger_needs_an_address(door: Door) -> None:
    assert_problem(door.get("/consents"), 422, "address")
    assert_problem(
        door.get("/consents", address=ALICE.email, cursor="x"), 422, "cursor"
    )
