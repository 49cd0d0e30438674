"""Words of customers: obeyed once, answered in their language, or left to a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.recipients import Channel
from app.services.answering import MOST_ANSWERS
from app.storage.tables import bookings, consents, inbox, notifications, suppressions
from tests.engine import Engine
from tests.house import ALICE, BOB, count, rows
from tests.replying import (
    ALICES_PHONE,
    BOBS_PHONE,
    alerts,
    answers,
    book,
    inbound,
    take,
    topics,
    write,
)


def test_stop_ends_messages_on_its_channel_and_only_that_is_said(
    engine: Engine,
) -> None:
    entry = write(engine.runtime, "Stop!")
    engine.message("news")
    engine.work()

    assert engine.texts == [
        (
            "My Business: You get no more messages from us here. "
            "Reply START to get them again."
        )
    ]
    (row,) = rows(engine.runtime, suppressions)
    assert (row["channel"], row["address"]) == ("sms", ALICES_PHONE)
    (line,) = rows(engine.runtime, consents)
    assert (line["words"], line["evidence"]) == ("Stop!", entry["id"])
    assert (entry["state"], entry["meaning"]) == ("answered", "stop")
    assert alerts(engine.runtime) == []


def test_an_answer_that_was_planned_before_stop_does_not_leave_after_it(
    engine: Engine,
) -> None:
    book(engine)
    write(engine.runtime, "yes")
    write(engine.runtime, "stop")
    before = len(engine.texts)

    engine.work()

    coming, stopped = answers(engine.runtime)
    assert engine.status(coming["id"]) == "suppressed"
    assert engine.status(stopped["id"]) == "sent"
    assert len(engine.texts) == before + 1


def test_start_brings_messages_back_and_says_so(engine: Engine) -> None:
    write(engine.runtime, "STOP")
    write(engine.runtime, "START")
    engine.message("news")
    engine.work()

    assert count(engine.runtime, suppressions) == 0
    assert topics(engine.runtime) == ["stopped", "started"]
    assert engine.texts[-1] == "news"


def test_help_is_answered_even_after_stop(engine: Engine) -> None:
    write(engine.runtime, "STOP")
    write(engine.runtime, "HELP")
    engine.work()

    assert len(engine.texts) == 2
    assert "Reply YES to confirm" in engine.texts[-1]


def test_a_word_of_spanish_is_answered_in_spanish(engine: Engine) -> None:
    write(engine.runtime, "Baja")
    engine.work()

    (text,) = engine.texts
    assert "Responde ALTA" in text


def test_the_language_of_the_booking_counts_more_than_that_of_the_word(
    engine: Engine,
) -> None:
    book(engine, customer=replace(ALICE, locale="es"))
    before = len(engine.texts)

    write(engine.runtime, "stop")
    engine.work()

    (text,) = engine.texts[before:]
    assert "Responde ALTA" in text


@pytest.mark.parametrize("word", ["STOP", "HELP", "START", "CANCEL"])
def test_what_twilio_answers_by_itself_is_answered_by_nobody_else(
    engine: Engine, word: str
) -> None:
    write(engine.runtime, word, provider="twilio")

    assert answers(engine.runtime) == []


def test_what_the_provider_took_for_an_opt_out_is_one_and_not_answered(
    engine: Engine,
) -> None:
    write(engine.runtime, "arrêt", opt_out_type="STOP", provider="twilio")

    assert count(engine.runtime, suppressions) == 1
    assert answers(engine.runtime) == []


def test_what_the_provider_blocks_on_is_an_opt_out_whatever_else_it_means(
    engine: Engine,
) -> None:
    book(engine)

    write(engine.runtime, "Cancelar", opt_out_type="STOP", provider="twilio")

    assert count(engine.runtime, suppressions) == 1
    assert count(engine.runtime, bookings, status="confirmed") == 1
    assert alerts(engine.runtime) == [
        "A customer opted out, and may have meant a booking"
    ]


def test_stop_by_whatsapp_leaves_sms_alone(engine: Engine) -> None:
    write(engine.runtime, "stop", channel=Channel.WHATSAPP, provider="meta")

    (row,) = rows(engine.runtime, suppressions)
    assert row["channel"] == "whatsapp"
    assert row["source"] == "whatsapp_reply"
    assert topics(engine.runtime) == ["stopped"]


def test_stop_by_at_five_is_for_a_person(engine: Engine) -> None:
    entry = write(engine.runtime, "I stop by at 5")

    assert count(engine.runtime, suppressions) == 0
    assert (entry["state"], entry["meaning"]) == ("open", "")
    assert answers(engine.runtime) == []
    assert alerts(engine.runtime) == ["A customer wrote"]


def test_a_message_that_is_brought_again_does_nothing_more(engine: Engine) -> None:
    book(engine, days=0.1)
    message = inbound("late")

    for _ in range(3):
        take(engine.runtime, message)

    assert count(engine.runtime, inbox) == 1
    assert len(answers(engine.runtime)) == len(alerts(engine.runtime)) == 1


def test_the_same_id_of_another_provider_is_another_message(engine: Engine) -> None:
    message = inbound("help")

    take(engine.runtime, message)
    take(engine.runtime, replace(message, provider="other"))

    assert count(engine.runtime, inbox) == 2


def test_two_machines_do_not_answer_each_other_for_ever(engine: Engine) -> None:
    for _ in range(MOST_ANSWERS + 5):
        write(engine.runtime, "help")
        engine.clock.advance(minutes=1)

    assert len(answers(engine.runtime)) == MOST_ANSWERS
    assert count(engine.runtime, inbox) == MOST_ANSWERS + 5

    engine.clock.advance(days=1)
    write(engine.runtime, "help")

    assert len(answers(engine.runtime)) == MOST_ANSWERS + 1


def test_the_staff_is_told_once_of_a_customer_who_writes_much(
    engine: Engine,
) -> None:
    for text in ("Hello?", "Is anybody there?", "Hello!"):
        write(engine.runtime, text)
    write(engine.runtime, "Hello from Bob", sender=BOBS_PHONE)

    assert len(alerts(engine.runtime)) == 2
    assert count(engine.runtime, inbox, state="open") == 4


def test_what_was_sent_to_be_shown_is_clean(engine: Engine) -> None:
    entry = write(engine.runtime, "a\x00b\u202e", profile_name="Al\x00ice\n")

    assert (entry["text"], entry["sender_name"]) == ("ab", "Alice")


def test_an_answer_goes_to_the_number_that_wrote(engine: Engine) -> None:
    book(engine)

    write(engine.runtime, "help", sender=BOB.phone)

    (answer,) = answers(engine.runtime)
    (note,) = rows(engine.runtime, notifications, task_id=answer["id"])
    assert note["recipient"] == BOB.phone


def test_no_number_and_no_word_stands_in_the_log(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    book(engine)
    caplog.set_level("DEBUG")

    write(engine.runtime, "Where do I park my yellow car?", profile_name="Alicia")
    write(engine.runtime, "c")

    logged = "\n".join(str(record.__dict__) for record in caplog.records)
    for secret in (ALICES_PHONE, "yellow", "Alicia", "Alice"):
        assert secret not in logged
    assert "reply_taken" in logged
