"""One-time codes that will not leave: none is promised, and the staff hears of it."""

from __future__ import annotations

from pathlib import Path

from app.domain.recipients import Channel
from app.services.keys import Scope
from app.storage.tables import tasks, verifications
from tests.door import Door, assert_problem, open_door
from tests.engine import Engine, open_engine
from tests.house import rows
from tests.replying import ALICES_PHONE, write

META = {"WHATSAPP_PHONE_NUMBER_ID": "106540", "WHATSAPP_ACCESS_TOKEN": "secret"}


def door_of_site(engine: Engine) -> Door:
    return open_door(engine.runtime).as_scope(Scope.SITE)


def test_whoever_opted_out_of_everything_is_promised_no_code(engine: Engine) -> None:
    write(engine.runtime, "STOP")

    answer = door_of_site(engine).post(
        "/verifications", {"channel": "sms", "to": ALICES_PHONE}
    )

    assert_problem(answer, 422, "to")
    assert "opted out" in answer.bad_fields["to"]
    assert rows(engine.runtime, verifications) == []


def test_a_code_that_whatsapp_would_not_take_is_not_promised(tmp_path: Path) -> None:
    with open_engine(tmp_path, **META) as engine:
        site = door_of_site(engine)
        wanted = {"channel": "whatsapp", "to": ALICES_PHONE}

        refused = site.post("/verifications", wanted)
        write(engine.runtime, "Hello", channel=Channel.WHATSAPP)
        taken = site.post("/verifications", wanted)

    assert_problem(refused, 422, "channel")
    assert "none is set for one_time_code" in refused.bad_fields["channel"]
    assert taken.status == 202


def test_the_last_code_of_a_day_is_told_to_the_staff_once(tmp_path: Path) -> None:
    policy = "[verifications]\na_day = 3\n"
    with open_engine(tmp_path, policy=policy) as engine:
        site = door_of_site(engine)
        answers, alerts = [], []
        for number in range(5):
            to = f"{number}@example.org"
            answer = site.post("/verifications", {"channel": "email", "to": to})
            answers.append(answer.status)
            alerts.append(rows(engine.runtime, tasks, kind="staff_alert"))

    assert answers == [202, 202, 202, 429, 429]
    assert [len(found) for found in alerts] == [0, 0, 1, 1, 1]
    assert "3 codes" in alerts[-1][0]["args"]["text"]
