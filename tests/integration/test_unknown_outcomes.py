"""An outcome that nobody knows: looked up, and never simply sent again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.channels.base import LookupAnswer
from app.domain.kinds import KINDS, Kind, OnUnknown
from app.domain.outcomes import Lookup, Outcome, Result
from app.domain.recipients import Channel
from app.services import recovery
from tests.engine import Engine, another_worker
from tests.fakes import FakeProvider

AMBIGUOUS = Outcome(result=Result.AMBIGUOUS, reason="the line was cut")
FOUND = LookupAnswer(lookup=Lookup.FOUND, provider_message_id="SM7")
NOT_FOUND = LookupAnswer(lookup=Lookup.NOT_FOUND)
UNANSWERED = LookupAnswer(lookup=Lookup.UNANSWERED)
UNSUPPORTED = LookupAnswer(lookup=Lookup.UNSUPPORTED)

LOOK_UP_S = 60


def an_unknown_one(engine: Engine, **plan: object) -> str:
    engine.provider.script.append(AMBIGUOUS)
    message = engine.queued(**plan)
    engine.answer_doorbells()
    assert engine.status(message) == "unknown"
    return message


def look_up(engine: Engine) -> None:
    engine.clock.advance(seconds=LOOK_UP_S)
    engine.work()


def test_it_is_not_looked_up_before_a_minute_has_passed(engine: Engine) -> None:
    message = an_unknown_one(engine)

    engine.clock.advance(seconds=LOOK_UP_S, milliseconds=-1)
    engine.work()
    engine.run(message)  # a doorbell that comes too early

    assert engine.provider.asked == []
    assert engine.status(message) == "unknown"


def test_the_provider_is_asked_for_the_very_words_and_their_time(
    engine: Engine,
) -> None:
    began = engine.clock.now
    message = an_unknown_one(engine)

    look_up(engine)

    ((asked, since),) = engine.provider.asked
    assert (asked.key, asked.text, asked.recipient) == (
        message,
        "Hello",
        "+14155550100",
    )
    assert since == began


def test_what_the_provider_has_is_sent_and_never_again(engine: Engine) -> None:
    engine.provider.look_ups.append(FOUND)
    began = engine.clock.now
    message = an_unknown_one(engine)

    look_up(engine)

    note = engine.note(message)
    assert engine.status(message) == "sent"
    assert (note["provider"], note["provider_message_id"]) == ("fake", "SM7")
    assert note["sent_at"] == began  # when it was handed over, not when we learnt of it
    assert engine.row(message)["finished_at"] == engine.clock.now
    assert len(engine.provider.handed) == 1


def test_what_the_provider_does_not_have_is_sent_again(engine: Engine) -> None:
    engine.provider.look_ups.append(NOT_FOUND)
    message = an_unknown_one(engine)

    look_up(engine)
    assert engine.status(message) in ("retrying", "sent")
    engine.clock.advance(seconds=15)  # the quick pause of 60 s may be 12 s longer
    engine.work()

    assert engine.status(message) == "sent"
    assert len(engine.provider.handed) == 2
    assert [attempt["number"] for attempt in engine.attempts(message)] == [1, 2]


def test_what_is_never_there_is_tried_again_in_growing_pauses(engine: Engine) -> None:
    engine.provider.script += [AMBIGUOUS] * 20
    engine.provider.look_ups += [NOT_FOUND] * 20
    until = engine.clock.now + timedelta(hours=5)
    message = engine.queued(useful_until=until)
    tried = 0

    while engine.clock.now < until:
        tried = len(engine.provider.handed)
        recovery.retry_failed(engine.runtime)
        engine.work()
        engine.clock.advance(seconds=30)

    # Four quick ones, then after 5, 10, 20, 40, 60, 60 min: about ten in five hours.
    assert 8 <= tried <= 11
    recovery.expire(engine.runtime)
    engine.work()
    assert engine.status(message) in ("expired", "dead")


def test_a_provider_that_cannot_be_asked_just_now_is_asked_again(
    engine: Engine,
) -> None:
    engine.provider.look_ups += [UNANSWERED, UNANSWERED, FOUND]
    message = an_unknown_one(engine)

    look_up(engine)
    look_up(engine)
    assert engine.status(message) == "unknown"
    assert "asked again" in engine.row(message)["reason"]
    look_up(engine)

    assert engine.status(message) == "sent"
    assert len(engine.provider.handed) == 1


def test_without_a_look_up_it_is_sent_once_more_and_then_held_for_a_person(
    engine: Engine,
) -> None:
    engine.provider.script += [AMBIGUOUS, AMBIGUOUS]
    engine.provider.look_ups += [UNSUPPORTED, UNSUPPORTED]
    message = engine.queued()
    engine.answer_doorbells()

    look_up(engine)
    assert len(engine.provider.handed) == 2
    look_up(engine)

    row = engine.row(message)
    assert len(engine.provider.handed) == 2
    assert row["status"] == "dead"
    assert row["reason"].startswith("Nobody knows whether it was sent.")
    assert row["finished_at"] == engine.clock.now


def test_a_kind_that_must_not_be_doubled_is_held_at_once(
    engine: Engine,
) -> None:
    held = replace(KINDS[Kind.MESSAGE], on_unknown=OnUnknown.HOLD)
    kinds = {**engine.runtime.policy.kinds, Kind.MESSAGE: held}
    policy = replace(engine.runtime.policy, kinds=kinds)
    runtime = replace(engine.runtime, policy=policy)
    message = an_unknown_one(engine)

    engine.clock.advance(seconds=LOOK_UP_S)
    engine.with_courier(replace(engine.courier, runtime=runtime)).run(message)

    assert engine.status(message) == "dead"
    assert len(engine.provider.handed) == 1


def test_another_provider_cannot_tell_and_is_not_asked(engine: Engine) -> None:
    # The owner has changed providers meanwhile; the new one has never heard of it.
    message = an_unknown_one(engine)
    other = FakeProvider(name="other")
    other.look_ups.append(NOT_FOUND)
    courier = replace(engine.courier, providers=dict.fromkeys(Channel, (other,)))

    engine.clock.advance(seconds=LOOK_UP_S)
    engine.with_courier(courier).run(message)

    assert other.asked == []
    # It is sent once more, blindly.
    assert [handed.key for handed in other.handed] == [message]
    assert engine.row(message)["resends"] == 1


def test_an_unknown_one_of_a_channel_that_is_off_now_is_not_sent_again(
    engine: Engine,
) -> None:
    message = an_unknown_one(engine)
    off = replace(engine.courier, providers=dict.fromkeys(Channel, ()))

    engine.clock.advance(seconds=LOOK_UP_S)
    engine.with_courier(off).run(message)

    assert engine.status(message) == "suppressed"
    assert len(engine.provider.handed) == 1


@pytest.mark.parametrize("answer", [NOT_FOUND, UNANSWERED, UNSUPPORTED])
def test_what_is_too_late_to_send_again_is_dead_with_its_reason(
    engine: Engine, answer: LookupAnswer
) -> None:
    engine.provider.look_ups.append(answer)
    until = engine.clock.now + timedelta(seconds=30)
    message = an_unknown_one(engine, useful_until=until)

    look_up(engine)

    row = engine.row(message)
    assert row["status"] == "dead"
    assert "too late to send it" in row["reason"]
    assert len(engine.provider.handed) == 1


def test_what_was_sent_although_it_is_late_is_still_found(engine: Engine) -> None:
    engine.provider.look_ups.append(FOUND)
    until = engine.clock.now + timedelta(seconds=30)
    message = an_unknown_one(engine, useful_until=until)

    look_up(engine)

    assert engine.status(message) == "sent"


def test_two_workers_never_look_up_the_same_message(engine: Engine) -> None:
    other = another_worker(engine, FakeProvider())
    message = an_unknown_one(engine)
    engine.clock.advance(seconds=LOOK_UP_S)

    def heard_by_another_meanwhile() -> LookupAnswer:
        other.run(message)
        return FOUND

    engine.provider.look_ups.append(heard_by_another_meanwhile)
    engine.run(message)
    engine.run(message)

    assert len(engine.provider.asked) == 1
    assert other.provider.asked == []
    other.die()


def test_look_ups_and_messages_take_turns(engine: Engine) -> None:
    engine.provider.script += [AMBIGUOUS] * 3
    engine.provider.look_ups += [FOUND] * 3
    for number in range(3):
        engine.message(f"unknown {number}", recipient=f"+1415556{number:04}")
    engine.work()
    engine.clock.advance(seconds=LOOK_UP_S)
    for number in range(3):
        engine.message(f"fresh {number}", recipient=f"+1415557{number:04}")
    engine.provider.calls.clear()

    engine.work()

    # The one that was rung for goes first.
    assert engine.provider.calls == ["send", "look_up"] * 3


def test_a_look_up_that_stumbles_is_tried_again_and_ends_one_day(
    engine: Engine,
) -> None:
    engine.provider.look_ups += [RuntimeError("a bug")] * 3
    until = engine.clock.now + timedelta(minutes=2)
    message = an_unknown_one(engine, useful_until=until)

    for _ in range(3):
        look_up(engine)
    assert len(engine.provider.asked) == 3
    assert engine.status(message) == "unknown"
    engine.clock.now = until + recovery.UNKNOWN_AT_MOST
    recovery.expire(engine.runtime)

    row = engine.row(message)
    assert row["status"] == "dead"
    assert "Nobody knows whether it was sent" in row["reason"]
    assert row["finished_at"] == engine.clock.now


def test_a_worker_that_stumbled_over_a_look_up_is_rung_for_at_once(
    engine: Engine,
) -> None:
    # It must not seem busy with what it has let go.
    engine.provider.look_ups.append(RuntimeError("a bug"))
    an_unknown_one(engine)
    look_up(engine)

    later = engine.message("later", recipient="+14155550111")
    engine.work()

    assert engine.status(later) == "sent"


def test_an_unknown_one_that_is_still_useful_is_never_given_up(engine: Engine) -> None:
    message = an_unknown_one(engine)

    engine.clock.advance(hours=23)
    recovery.expire(engine.runtime)

    assert engine.status(message) == "unknown"
