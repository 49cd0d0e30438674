"""Opt-outs: kept with their proof, and obeyed up to the last moment before the call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.consent import How, OptOut, Said, Scope
from app.domain.kinds import Kind
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from app.services import consent
from app.storage.tables import consents, suppressions, tasks
from tests.engine import ALICES_PHONE, UNLIMITED, Engine, open_engine
from tests.house import BOB, count, make_booking, rows

STOP = Said(channel=Channel.SMS, address=ALICES_PHONE, how=How.SMS_REPLY, words="STOP")
START = Said(
    channel=Channel.SMS, address=ALICES_PHONE, how=How.SMS_REPLY, words="START"
)
STOPPED = "The customer opted out by SMS on Monday, 18 January 2027."
BLOCKED = Outcome(
    result=Result.SUPPRESSED, code="21610", reason="The recipient opted out."
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with open_engine(tmp_path, policy=UNLIMITED) as opened:
        yield opened


def opt_out(engine: Engine, said: Said = STOP, *, scope: Scope = Scope.ALL) -> OptOut:
    with engine.runtime.database.write() as tx:
        return consent.opt_out(
            tx, engine.runtime, said, scope=scope, now=engine.clock.now
        )


def opt_in(engine: Engine, said: Said = START) -> bool:
    with engine.runtime.database.write() as tx:
        return consent.opt_in(tx, engine.runtime, said, now=engine.clock.now)


def known(engine: Engine, said: Said = STOP) -> OptOut | None:
    with engine.runtime.database.read() as tx:
        return consent.is_suppressed(
            tx, engine.runtime, channel=said.channel, address=said.address
        )


def test_a_message_to_who_has_opted_out_is_suppressed_as_it_is_planned(
    engine: Engine,
) -> None:
    opt_out(engine)

    task_id = engine.message("news")
    engine.work()

    assert engine.texts == []
    assert engine.status(task_id) == "suppressed"
    assert engine.row(task_id)["reason"] == STOPPED
    assert engine.row(task_id)["finished_at"] == engine.clock.now


def test_an_opt_out_is_obeyed_by_a_message_that_was_rung_for_already(
    engine: Engine,
) -> None:
    task_id = engine.queued("news")
    opt_out(engine)

    engine.answer_doorbells()

    assert engine.texts == []
    assert engine.status(task_id) == "suppressed"
    assert engine.row(task_id)["reason"] == STOPPED
    assert engine.attempts(task_id) == []


def test_an_opt_out_counts_for_its_own_channel_and_address_alone(
    engine: Engine,
) -> None:
    opt_out(engine)

    engine.message("by WhatsApp", channel=Channel.WHATSAPP)
    engine.message("to Bob", recipient=BOB.phone)
    engine.work()

    assert sorted(engine.texts) == ["by WhatsApp", "to Bob"]


def test_who_has_unsubscribed_hears_of_their_booking_and_gets_no_news(
    engine: Engine,
) -> None:
    by_mail = Said(
        channel=Channel.EMAIL, address="alice@example.org", how=How.UNSUBSCRIBE
    )
    opt_out(engine, by_mail, scope=Scope.NONESSENTIAL)

    news = engine.message("news", channel=Channel.EMAIL, recipient=by_mail.address)
    booking = make_booking(engine.runtime, confirmed=True)
    engine.work()

    assert engine.status(news) == "suppressed"
    told = {
        row["lane"]: row["status"]
        for row in rows(engine.runtime, tasks, booking_id=booking.id)
    }
    assert set(told.values()) == {"sent"}
    assert len(told) == 3


def test_start_lets_everything_leave_again(engine: Engine) -> None:
    opt_out(engine)

    was_out = opt_in(engine)
    engine.message("welcome back")
    engine.work()

    assert was_out
    assert engine.texts == ["welcome back"]
    assert known(engine) is None


def test_a_message_that_waits_leaves_once_its_recipient_is_back(
    engine: Engine,
) -> None:
    engine.message("tomorrow", due_at=engine.clock.now.replace(hour=20))
    opt_out(engine)
    opt_in(engine)

    engine.clock.advance(hours=12)
    engine.work()

    assert engine.texts == ["tomorrow"]


def test_who_was_never_out_can_come_in_again(engine: Engine) -> None:
    assert not opt_in(engine)
    assert count(engine.runtime, consents, action="granted") == 1


def test_the_ledger_keeps_every_word_and_the_first_reason_stays(
    engine: Engine,
) -> None:
    opt_out(engine)
    engine.clock.advance(days=3)
    opt_out(engine, Said(channel=STOP.channel, address=STOP.address, how=How.STAFF))
    opt_in(engine)

    lines = rows(engine.runtime, consents)

    assert [(row["action"], row["how"], row["words"]) for row in lines] == [
        ("withdrawn", "sms_reply", "STOP"),
        ("withdrawn", "staff", ""),
        ("granted", "sms_reply", "START"),
    ]


def test_a_second_opt_out_keeps_when_and_why_the_first_was(engine: Engine) -> None:
    first = opt_out(engine)
    engine.clock.advance(days=3)

    second = opt_out(engine)

    assert second == first


@pytest.mark.parametrize(
    ("first", "second"),
    [(Scope.ALL, Scope.NONESSENTIAL), (Scope.NONESSENTIAL, Scope.ALL)],
)
def test_an_opt_out_is_widened_and_never_narrowed_by_another(
    engine: Engine, first: Scope, second: Scope
) -> None:
    opt_out(engine, scope=first)
    opt_out(engine, scope=second)

    found = known(engine)

    assert found is not None
    assert found.scope is Scope.ALL


def test_a_provider_that_names_an_opt_out_is_asked_no_second_time(
    engine: Engine,
) -> None:
    engine.provider.script.append(BLOCKED)
    first, second = engine.message("first"), engine.message("second")

    engine.work()

    assert engine.texts == ["first"]
    assert engine.status(first) == "dead"
    assert engine.status(second) == "suppressed"
    assert "fake says: The recipient opted out." in engine.row(second)["reason"]
    (row,) = rows(engine.runtime, suppressions)
    assert (row["source"], row["scope"]) == ("provider_code", "all")
    (line,) = rows(engine.runtime, consents)
    assert line["evidence"] == first


def test_what_a_provider_says_twice_is_noted_once(engine: Engine) -> None:
    for _ in range(2):
        with engine.runtime.database.write() as tx:
            consent.note_provider_refusal(
                tx,
                engine.runtime,
                channel=Channel.SMS,
                address=ALICES_PHONE,
                provider="twilio",
                reason="The recipient opted out.",
                now=engine.clock.now,
            )

    assert count(engine.runtime, consents) == 1


def test_stop_by_sms_holds_back_even_what_must_be_known(engine: Engine) -> None:
    opt_out(engine)

    booking = make_booking(engine.runtime, confirmed=True)

    (sms,) = rows(engine.runtime, tasks, booking_id=booking.id, queue="sms")
    assert sms["kind"] == Kind.BOOKING_CONFIRMED
    assert sms["status"] == "suppressed"
