"""The owner's own words: what is planned uses them, and what waits keeps its own."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.domain.kinds import Kind
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from app.services.facts import SITE_DATA
from app.storage.tables import notifications, template_versions
from tests.door import Door, open_door
from tests.engine import Engine
from tests.house import count, make_booking, rows
from tests.wording import MESSAGE, published, saved


@pytest.fixture(name="door")
def door_of_the_engine(engine: Engine) -> Door:
    return open_door(engine.runtime)


def in_spanish(engine: Engine, locale: str = "es_MX") -> str:
    return engine.message("Hola", locale=locale)


def test_what_is_planned_after_publishing_says_the_new_words(
    engine: Engine, door: Door
) -> None:
    published(door, "News from {{ business_name }}: {{ text }}")

    engine.message("we are closed")
    engine.work()

    assert engine.texts == ["News from My Business: we are closed"]


def test_a_draft_changes_nothing(engine: Engine, door: Door) -> None:
    saved(door, "Draft: {{ text }}")

    engine.message("we are closed")
    engine.work()

    assert engine.texts == ["we are closed"]


def test_editing_does_not_change_what_waits(engine: Engine, door: Door) -> None:
    engine.message("ours")
    published(door, "One: {{ text }}")
    engine.message("one")
    published(door, "Two: {{ text }}")
    engine.message("two")
    door.ask("DELETE", MESSAGE)
    engine.message("ours again")

    engine.work()

    assert engine.texts == ["ours", "One: one", "Two: two", "ours again"]


def test_a_retry_says_the_words_of_the_first_try(engine: Engine, door: Door) -> None:
    published(door, "One: {{ text }}")
    task_id = engine.message("hello")
    engine.provider.script.append(Outcome(result=Result.TRANSIENT))
    engine.work()
    published(door, "Two: {{ text }}")

    engine.clock.advance(minutes=2)
    engine.work()

    assert engine.texts == ["One: hello", "One: hello"]
    assert engine.status(task_id) == "sent"


def test_words_of_one_language_leave_the_others_alone(
    engine: Engine, door: Door
) -> None:
    published(door, "Ahora: {{ text }}", path="/templates/message/sms/es")

    engine.message("Hello", locale="en")
    in_spanish(engine)
    engine.message("Bonjour", locale="fr")
    engine.work()

    assert engine.texts == ["Hello", "Ahora: Hola", "Bonjour"]


def test_words_of_one_channel_leave_the_others_alone(
    engine: Engine, door: Door
) -> None:
    published(door, "By WhatsApp: {{ text }}", path="/templates/message/whatsapp/en")

    for channel in (Channel.SMS, Channel.WHATSAPP):
        engine.message("Hello", channel=channel)
    engine.work()

    assert sorted(engine.texts) == ["By WhatsApp: Hello", "Hello"]


def test_a_booking_s_messages_are_pinned_too(engine: Engine, door: Door) -> None:
    text = "{{ business_name }} expects you: {{ service_name }} {{ start | time }}"
    published(door, text, path="/templates/booking_confirmed/sms/en")

    make_booking(engine.runtime, confirmed=True)

    versions = rows(engine.runtime, template_versions)
    pins = {
        row["channel"]: row["template_id"]
        for row in rows(engine.runtime, notifications)
    }
    assert pins["sms"] == versions[0]["id"]
    assert pins["email"] is pins["whatsapp"] is None


def test_a_site_s_order_is_tried_with_the_words_in_force(
    engine: Engine, door: Door
) -> None:
    published(door, "{{ text }} " + "x" * 1500)
    order = {
        "kind": "message",
        "channels": ["sms"],
        "to": {"phone": "+14155550100"},
        "data": {"text": "y" * 200},
    }

    answer = door.post("/notifications", order)

    assert answer.status == 422
    assert "version 1" not in answer.bad_fields["data"]
    assert "at most 1600" in answer.bad_fields["data"]


def test_what_waits_moves_to_the_new_words_when_a_person_says_so(
    engine: Engine, door: Door
) -> None:
    engine.message("ours")
    published(door, "One: {{ text }}")
    engine.message("one")
    in_spanish(engine)
    published(door, "Two: {{ text }}")
    engine.message("two")

    told = door.post(f"{MESSAGE}/migrate").json
    assert told == {
        "version": 2,
        "count": 2,
        "waiting": [{"version": 0, "count": 1}, {"version": 1, "count": 1}],
        "moved": 0,
    }
    moved = door.post(f"{MESSAGE}/migrate", {"expected": 2}).json
    engine.work()

    assert moved["moved"] == 2
    assert engine.texts == ["Two: ours", "Two: one", "Hola", "Two: two"]
    assert door.post(f"{MESSAGE}/migrate").json["count"] == 0


def test_another_number_than_was_told_moves_nothing(engine: Engine, door: Door) -> None:
    engine.message("ours")
    published(door, "One: {{ text }}")

    answer = door.post(f"{MESSAGE}/migrate", {"expected": 2})

    assert answer.status == 409
    assert "1 messages wait on other words now, not 2" in answer.json["detail"]
    assert count(engine.runtime, notifications, template_id=None) == 1


def test_what_has_left_keeps_the_words_that_it_was_sent_with(
    engine: Engine, door: Door
) -> None:
    task_id = engine.message("ours")
    engine.work()
    published(door, "One: {{ text }}")

    door.post(f"{MESSAGE}/migrate", {"expected": 0})

    assert engine.note(task_id)["template_id"] is None


def test_a_version_is_read_once_by_a_worker(engine: Engine, door: Door) -> None:
    published(door, "One: {{ text }}")
    asked: list[str] = []
    sa.event.listen(
        engine.runtime.database.engine,
        "before_cursor_execute",
        lambda *told: asked.append(told[2]),
    )
    read = "template_versions.text"

    for number in range(3):
        engine.message(f"number {number}", recipient=f"+1415555010{number}")
    engine.work()

    assert len(engine.texts) == 3
    assert len([statement for statement in asked if read in statement]) == 1


def test_words_that_cannot_be_filled_end_the_message_with_the_reason(
    engine: Engine, door: Door
) -> None:
    path = "/templates/booking_reminder/sms/en"
    text = "{{ service_name }} {{ start | day }} {{ start | time }} {{ reason }}"
    published(door, text + "x" * 1500, path=path)
    data = {"service_name": "Yoga", "start": "2030-05-22T14:30:00+02:00"}
    task_id = engine.message(
        kind=Kind.BOOKING_REMINDER, args={SITE_DATA: {**data, "reason": "y" * 150}}
    )

    engine.work()

    assert engine.status(task_id) == "dead"
    assert "at most 1600 can be sent" in engine.row(task_id)["reason"]


def test_a_message_tells_which_version_it_is_pinned_to(
    engine: Engine, door: Door
) -> None:
    ours = engine.message("ours")
    version = published(door, "One: {{ text }}")
    own = engine.message("one")

    told = {row["id"]: row for row in door.get("/notifications").json["data"]}

    assert told[ours]["template_version"] == 0
    assert told[own]["template_version"] == version == 1
