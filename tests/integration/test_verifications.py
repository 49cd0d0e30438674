"""One-time codes over the API: sent once, right once, and never to be read again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.channels.base import LookupAnswer
from app.domain.outcomes import Fault, Lookup, Outcome, Result
from app.services.keys import Scope
from app.services.verifications import forget_codes
from app.storage.tables import attempts, tasks, verifications
from tests.door import Door, assert_problem, open_door
from tests.engine import Engine, open_engine
from tests.house import all_rows, rows

PHONE = "+34612345678"
POLICY = """
[queues]
sms = { rate_limit = "0" }
email = { rate_limit = "0" }
[verifications]
per_recipient_a_day = 3
per_visitor_an_hour = 4
a_day = 40
burst = 5
"""
SPAIN = {
    "BELLHOP_PHONE_REGION": "ES",
    "BELLHOP_PUBLIC_URL": "https://salon.example",
}


@pytest.fixture(name="engine")
def engine_in_spain(tmp_path: Path) -> Iterator[Engine]:
    with open_engine(tmp_path, policy=POLICY, **SPAIN) as engine:
        yield engine


@pytest.fixture(name="door")
def door_of_the_site(engine: Engine) -> Door:
    return open_door(engine.runtime).as_scope(Scope.SITE)


def begin(door: Door, to: str = PHONE, **more: Any) -> Any:
    answer = door.post("/verifications", {"channel": "sms", "to": to, **more})
    assert answer.status == 202, answer.text
    return answer.json


def code_of(engine: Engine) -> str:
    engine.work()
    found = re.match(r"\d{6}", engine.texts[-1])
    assert found is not None
    return found.group()


def check(door: Door, begun: Any, code: str) -> bool:
    answer = door.post(f"/verifications/{begun['id']}/check", {"code": code})
    assert answer.status == 200, answer.text
    verified: bool = answer.json["verified"]
    return verified


def test_who_types_the_code_in_is_verified_once(engine: Engine, door: Door) -> None:
    begun = begin(door, "612 345 678")
    code = code_of(engine)

    assert check(door, begun, f" {code[:3]} {code[3:]} ")
    assert not check(door, begun, code)


def test_browsers_are_told_for_whom_the_code_is(engine: Engine, door: Door) -> None:
    begin(door)
    code = code_of(engine)

    assert engine.texts[-1].endswith(f"\n@salon.example #{code}")


def test_after_five_wrong_ones_the_right_one_is_of_no_use(
    engine: Engine, door: Door
) -> None:
    begun = begin(door)
    code = code_of(engine)
    wrong = f"{(int(code) + 1) % 10**6:06}"

    assert not any(check(door, begun, wrong) for _ in range(5))
    assert not check(door, begun, code)


@pytest.mark.parametrize(("minutes", "verified"), [(9, True), (10, False)])
def test_a_code_holds_for_ten_minutes(
    engine: Engine,
    door: Door,
    minutes: int,
    verified: bool,  # noqa: FBT001 - what is expected
) -> None:
    begun = begin(door)
    code = code_of(engine)
    engine.clock.advance(minutes=minutes)

    assert check(door, begun, code) is verified


def test_a_newer_code_makes_the_earlier_one_void(engine: Engine, door: Door) -> None:
    first = begin(door)
    first_code = code_of(engine)
    engine.clock.advance(minutes=2)

    second = begin(door)

    assert not check(door, first, first_code)
    assert check(door, second, code_of(engine))


def test_a_code_that_has_not_left_yet_gives_way_to_the_newer_one(
    engine: Engine, door: Door
) -> None:
    begin(door)
    engine.clock.advance(minutes=2)
    begin(door)
    engine.work()

    statuses = sorted(row["status"] for row in rows(engine.runtime, tasks))
    assert statuses == ["sent", "superseded"]
    assert len(engine.texts) == 1


def test_once_it_holds_no_more_the_code_stands_nowhere(
    engine: Engine, door: Door
) -> None:
    begun = begin(door)
    code = code_of(engine)
    assert code not in str(rows(engine.runtime, attempts))

    engine.clock.advance(minutes=11)
    forget_codes(engine.runtime)

    assert code not in str(list(all_rows(engine.runtime)))
    assert PHONE not in str(rows(engine.runtime, verifications))
    assert begun["id"] in str(rows(engine.runtime, verifications))


def test_a_code_overtakes_what_waits_for_the_same_number(
    engine: Engine, door: Door
) -> None:
    for number in range(5):
        engine.message(f"News {number}", recipient=PHONE)
    begin(door)

    engine.work()

    assert re.match(r"\d{6} ", engine.texts[0])


def test_a_code_that_may_have_been_sent_is_never_sent_again(
    engine: Engine, door: Door
) -> None:
    cut = Outcome(result=Result.AMBIGUOUS, reason="cut off", fault=Fault.DOWN)
    engine.provider.script.append(cut)
    engine.provider.look_ups.append(LookupAnswer(lookup=Lookup.NOT_FOUND))
    begin(door)
    engine.work()

    for _ in range(4):
        engine.clock.advance(minutes=2)
        engine.work()

    (row,) = rows(engine.runtime, tasks)
    assert len(engine.texts) == 1
    assert row["status"] == "dead"
    assert "a new code can be asked for" in row["reason"]


def test_a_code_that_was_not_taken_is_tried_twice_more(
    engine: Engine, door: Door
) -> None:
    busy = Outcome(result=Result.TRANSIENT, reason="busy")
    engine.provider.script += [busy, busy]
    begin(door)

    for _ in range(3):
        engine.work()
        engine.clock.advance(seconds=40)

    assert len(engine.texts) == 3
    assert rows(engine.runtime, tasks)[0]["status"] == "sent"


def test_a_second_code_within_a_minute_is_refused_and_says_when(
    engine: Engine, door: Door
) -> None:
    begin(door)

    answer = door.post("/verifications", {"channel": "sms", "to": PHONE})

    assert_problem(answer, 429)
    assert answer.headers["Retry-After"] == "60"


def test_the_same_request_again_sends_nothing_again(door: Door, engine: Engine) -> None:
    body = {"channel": "sms", "to": PHONE}
    first = door.post("/verifications", body, Idempotency_Key="k-1")
    again = door.post("/verifications", body, Idempotency_Key="k-1")

    assert first.json == again.json
    assert len(rows(engine.runtime, tasks)) == 1


def test_one_number_gets_few_a_day(engine: Engine, door: Door) -> None:
    for _ in range(3):
        begin(door)
        engine.clock.advance(minutes=2)

    answer = door.post("/verifications", {"channel": "sms", "to": PHONE})

    assert_problem(answer, 429)
    assert "today" in answer.json["detail"]


def test_one_visitor_gets_few_an_hour(engine: Engine, door: Door) -> None:
    for number in range(4):
        begin(door, f"+346{number}0345678", visitor="192.0.2.7")

    to = {"channel": "sms", "to": "+34690345678", "visitor": "192.0.2.7"}
    answer = door.post("/verifications", to)

    assert_problem(answer, 429)
    assert "from there" in answer.json["detail"]


def test_many_to_one_block_of_numbers_stop_the_channel_and_are_told(
    engine: Engine, door: Door
) -> None:
    for number in range(5):
        begin(door, f"+346123400{number:02}")

    refused = door.post("/verifications", {"channel": "sms", "to": "+34612340050"})
    elsewhere = door.post("/verifications", {"channel": "sms", "to": "+34698765432"})
    mail = door.post("/verifications", {"channel": "email", "to": "a@example.org"})

    assert_problem(refused, 429)
    assert_problem(elsewhere, 429)
    assert mail.status == 202
    (told,) = rows(engine.runtime, tasks, kind="staff_alert")
    assert told["args"]["subject"] == "No one-time codes by sms for an hour"
    engine.clock.advance(hours=1, seconds=1)
    assert begin(door, "+34698765432")


def test_a_block_whose_codes_are_typed_in_is_no_attack(
    engine: Engine, door: Door
) -> None:
    for number in range(5):
        begun = begin(door, f"+346123400{number:02}")
        assert check(door, begun, code_of(engine))

    assert begin(door, "+34612340050")


def test_numbers_of_other_countries_get_no_codes(door: Door, engine: Engine) -> None:
    answer = door.post("/verifications", {"channel": "sms", "to": "+4915112345678"})

    assert_problem(answer, 422, "to")
    assert "ES" in answer.bad_fields["to"]
    assert rows(engine.runtime, tasks) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channel": "sms", "to": "nobody"}, "to"),
        ({"channel": "email", "to": PHONE}, "to"),
        ({"channel": "fax", "to": PHONE}, "channel"),
        ({"channel": "sms"}, "to"),
    ],
)
def test_a_bad_request_is_refused_in_words(
    door: Door, body: dict[str, str], field: str
) -> None:
    assert_problem(door.post("/verifications", body), 422, field)


def test_a_code_that_is_none_is_not_found(door: Door) -> None:
    answer = door.post("/verifications/nothing/check", {"code": "123456"})

    assert_problem(answer, 404)


def test_a_key_for_web_pages_may_not_have_codes_sent(engine: Engine) -> None:
    public = open_door(engine.runtime).as_scope(Scope.PUBLIC)

    answer = public.post("/verifications", {"channel": "sms", "to": PHONE})

    assert_problem(answer, 403)
