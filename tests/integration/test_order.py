"""One recipient's messages leave in the order in which they were planned."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.channels.base import LookupAnswer
from app.domain.outcomes import Lookup, Outcome, Result
from app.domain.recipients import Channel
from app.domain.tasks import FINISHED, UNDER_WAY, Status
from app.services import recovery
from tests.engine import Engine

TRANSIENT = Outcome(result=Result.TRANSIENT, reason="busy")
AMBIGUOUS = Outcome(result=Result.AMBIGUOUS, reason="the line was cut")


def test_messages_to_one_recipient_leave_one_by_one_in_order(engine: Engine) -> None:
    first = engine.message("first", priority=90)
    second = engine.message("second", priority=0)
    third = engine.message("third", priority=50)

    engine.release()
    assert [engine.status(task) for task in (first, second, third)] == [
        "queued",
        "pending",
        "pending",
    ]

    engine.answer_doorbells()
    assert engine.texts == ["first", "second", "third"]


def test_another_recipient_and_another_channel_wait_for_nobody(engine: Engine) -> None:
    engine.provider.script.append(TRANSIENT)
    engine.message("to Alice")
    engine.work()

    engine.message("to Alice again")
    engine.message("to Bob", recipient="+14155550111")
    engine.message("to Alice elsewhere", channel=Channel.WHATSAPP)
    engine.work()

    assert engine.texts == ["to Alice", "to Bob", "to Alice elsewhere"]


@pytest.mark.parametrize("status", sorted(UNDER_WAY))
def test_one_that_is_under_way_holds_back_the_later_ones(
    engine: Engine, status: Status
) -> None:
    earlier = engine.message("earlier")
    an_hour = engine.clock.now + timedelta(hours=1)
    engine.put_into(earlier, status, next_attempt_at=an_hour)
    later = engine.message("later")

    engine.release()

    assert engine.status(later) == "pending"


@pytest.mark.parametrize("status", sorted({Status.FAILED, *FINISHED}))
def test_one_that_failed_or_is_finished_releases_the_later_ones(
    engine: Engine, status: Status
) -> None:
    earlier = engine.message("earlier")
    engine.put_into(earlier, status)
    later = engine.message("later")

    engine.work()

    assert engine.status(later) == "sent"
    assert engine.texts == ["later"]


def test_one_that_is_due_later_holds_nobody_back(engine: Engine) -> None:
    tomorrow = engine.clock.now + timedelta(days=1)
    engine.message("tomorrow", due_at=tomorrow)
    engine.message("today")

    engine.work()
    engine.clock.now = tomorrow
    engine.work()

    assert engine.texts == ["today", "tomorrow"]


def test_a_later_one_leaves_after_the_retry_of_the_earlier(engine: Engine) -> None:
    engine.provider.script += [TRANSIENT, TRANSIENT]
    engine.message("earlier")
    engine.message("later")

    engine.work()
    engine.clock.advance(seconds=100)
    engine.work()
    engine.clock.advance(seconds=200)
    engine.work()

    assert engine.texts == ["earlier", "earlier", "earlier", "later"]


def test_a_later_one_leaves_after_the_unknown_one_was_looked_up(
    engine: Engine,
) -> None:
    engine.provider.script.append(AMBIGUOUS)
    engine.provider.look_ups.append(LookupAnswer(lookup=Lookup.FOUND))
    engine.message("earlier")
    later = engine.message("later")

    engine.work()
    assert engine.status(later) == "pending"
    engine.clock.advance(seconds=60)
    engine.work()

    assert engine.texts == ["earlier", "later"]


def test_an_earlier_one_that_comes_back_goes_before_one_that_is_queued(
    engine: Engine,
) -> None:
    # The first has failed, so that the second is queued; then the first is due again.
    first = engine.message("first")
    engine.put_into(first, Status.FAILED)
    second = engine.queued("second")
    recovery.retry_failed(engine.runtime)

    engine.run(second)

    assert engine.texts == ["first", "second"]
    assert engine.row(second)["attempts"] == 1


def test_a_bell_for_one_that_is_held_back_is_no_attempt(engine: Engine) -> None:
    first = engine.message("first")
    engine.put_into(first, Status.FAILED)
    second = engine.queued("second")
    later = engine.clock.now + timedelta(minutes=1)
    engine.put_into(first, Status.UNKNOWN, next_attempt_at=later)

    engine.answer_doorbells()

    assert engine.status(second) == "pending"
    assert engine.row(second)["attempts"] == 0
    assert engine.attempts(second) == []
    assert engine.provider.handed == []
