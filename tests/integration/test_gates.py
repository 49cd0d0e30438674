"""Rate limits and pauses: what may leave now, in which order, and what waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from app.services.gate_state import GateState, look
from app.services.gates import Gates
from app.storage.tables import attempts, queue_states, tasks
from tests.engine import Engine, another_worker
from tests.house import count, rows

MINUTE = timedelta(minutes=1)
#: The default of SMS, and how many of these are kept for what is urgent.
A_MINUTE, KEPT = 10, 1
ACCEPTED = Outcome(result=Result.ACCEPTED, provider_message_id="taken")
CODE = {"queue": "high", "priority": 10}


def phone(number: int) -> str:
    return f"+1415{number:07}"


def many(engine: Engine, number: int, text: str = "news", **plan: Any) -> None:
    """Let so many SMS wait, each to somebody else."""
    for one in range(number):
        engine.message(text, recipient=phone(one), **plan)


def pass_time(engine: Engine, *, seconds: int, step_s: float = 1) -> None:
    """Let time pass as it does: the scheduler looks every second."""
    until = engine.clock.now + timedelta(seconds=seconds)
    while engine.clock.now < until:
        engine.work()
        engine.clock.advance(seconds=step_s)


def lasting(engine: Engine, seconds: float) -> Callable[[], Outcome]:
    """Return a call that takes its time."""

    def call() -> Outcome:
        engine.clock.advance(seconds=seconds)
        return ACCEPTED

    return call


def most_in_a_minute(engine: Engine, channel: Channel = Channel.SMS) -> int:
    """Return the most calls that may have come to the provider within any minute.

    Each came at some moment between its beginning and its end.
    """
    calls = sorted(
        (row["started_at"], row["ended_at"])
        for row in rows(engine.runtime, attempts, gate=channel)
    )
    return max(
        sum(began - ended < MINUTE for began, _ in calls[index:])
        for index, (_, ended) in enumerate(calls)
    )


def pause(engine: Engine, queue: str, until: datetime | None = None) -> None:
    now = engine.clock.now
    row = {"name": queue, "overrides": {}, "paused_by": "Alice", "updated_at": now}
    row |= {"paused_at": now, "paused_until": until}
    with engine.runtime.database.write() as tx:
        tx.execute(sa.insert(queue_states), [row])


def gate_of(engine: Engine, queue: str) -> tuple[GateState, datetime | None]:
    with engine.runtime.database.read() as tx:
        gate = look(Gates(tx, engine.runtime, now=engine.clock.now), queue)
    return gate.state, gate.until


@pytest.mark.parametrize("call_s", [0, 0.7, 4])
def test_never_more_than_the_limit_leave_in_any_minute(
    engine: Engine, call_s: float
) -> None:
    many(engine, 30)
    many(engine, 6, "code", **CODE)
    engine.provider.script += [lasting(engine, call_s)] * 36

    pass_time(engine, seconds=300)

    assert len(engine.provider.handed) == 36
    assert most_in_a_minute(engine) <= A_MINUTE


def test_the_limit_counts_what_failed_and_what_nobody_knows(engine: Engine) -> None:
    many(engine, 25)
    for result in (Result.TRANSIENT, Result.AMBIGUOUS, Result.PERMANENT_RECIPIENT):
        engine.provider.script += [Outcome(result=result)] * 4

    pass_time(engine, seconds=240)

    assert len(engine.provider.handed) > 24
    assert most_in_a_minute(engine) <= A_MINUTE


def test_a_limit_is_used_to_the_full(engine: Engine) -> None:
    many(engine, 50)

    pass_time(engine, seconds=121)

    # Nine at once, nine after a minute, nine after two.
    assert len(engine.provider.handed) == 3 * (A_MINUTE - KEPT)


def test_where_all_that_waits_finds_room_nothing_is_kept(engine: Engine) -> None:
    many(engine, A_MINUTE)

    engine.work()

    assert len(engine.provider.handed) == A_MINUTE


def test_a_code_behind_a_thousand_leaves_at_once_in_the_share_that_is_kept(
    engine: Engine,
) -> None:
    many(engine, 1000)
    engine.work()
    assert len(engine.texts) == A_MINUTE - KEPT

    engine.message("code", recipient=phone(5000), **CODE)
    engine.work()

    assert engine.texts[-1] == "code"
    assert len(engine.texts) == A_MINUTE


def test_a_code_behind_a_thousand_leaves_with_the_next_free_slot(
    engine: Engine,
) -> None:
    many(engine, 1000)
    engine.work()
    engine.message("first code", recipient=phone(5000), **CODE)
    engine.work()
    engine.clock.advance(seconds=20)
    engine.message("second code", recipient=phone(5001), **CODE)

    engine.work()
    assert len(engine.texts) == A_MINUTE
    engine.clock.advance(seconds=40, milliseconds=-1)
    engine.work()
    assert len(engine.texts) == A_MINUTE
    engine.clock.advance(milliseconds=1)
    engine.work()

    assert engine.texts[A_MINUTE] == "second code"
    assert most_in_a_minute(engine) <= A_MINUTE


def test_codes_alone_may_use_the_whole_limit_and_no_more(engine: Engine) -> None:
    many(engine, 25, "code", **CODE)

    pass_time(engine, seconds=59)

    assert len(engine.texts) == A_MINUTE


def test_what_waits_for_its_limit_uses_up_no_attempt_and_slows_nobody(
    engine: Engine,
) -> None:
    many(engine, 100)
    engine.work()
    mail = engine.message(channel=Channel.EMAIL, recipient="alice@example.org")
    chat = engine.message(channel=Channel.WHATSAPP)

    engine.work()

    assert [engine.status(task) for task in (mail, chat)] == ["sent", "sent"]
    waiting = rows(engine.runtime, tasks, status="pending")
    assert len(waiting) == 100 - (A_MINUTE - KEPT)
    assert {(row["attempts"], row["reason"]) for row in waiting} == {(0, "")}


def test_what_waits_leaves_by_urgency_then_usefulness_then_age(engine: Engine) -> None:
    now = engine.clock.now
    pause(engine, "sms", until=now + MINUTE)
    engine.message("old", recipient=phone(1), priority=50)
    engine.message("new", recipient=phone(2), priority=50)
    soon = now + timedelta(hours=1)
    engine.message("short", recipient=phone(3), priority=50, useful_until=soon)
    engine.message("news", recipient=phone(4), priority=90, useful_until=soon)
    engine.message("code", recipient=phone(5), **CODE)

    pass_time(engine, seconds=62)

    # The pause is of the queue `sms`: the code waits in another one.
    assert engine.texts == ["code", "short", "old", "new", "news"]


def test_with_two_workers_the_limit_still_holds(engine: Engine) -> None:
    many(engine, 40)
    other = another_worker(engine, engine.provider)
    looked: list[int] = []

    def another_looks_meanwhile() -> Outcome:
        other.run("any bell")
        looked.append(len(engine.provider.handed))
        return ACCEPTED

    for _ in range(3):
        engine.provider.script.append(another_looks_meanwhile)
        engine.work()
    pass_time(engine, seconds=57)

    # The other one did all that there was room for, but what a bell was rung for.
    assert looked == [A_MINUTE - KEPT - 1]
    assert most_in_a_minute(engine) <= A_MINUTE
    assert len(engine.provider.handed) == A_MINUTE - KEPT
    other.die()


def test_a_paused_queue_lets_nothing_out_and_uses_up_no_attempt(
    engine: Engine,
) -> None:
    pause(engine, "sms")
    waiting = engine.message()
    mail = engine.message(channel=Channel.EMAIL, recipient="alice@example.org")

    pass_time(engine, seconds=60)

    row = engine.row(waiting)
    assert (row["status"], row["attempts"], row["reason"]) == ("pending", 0, "")
    assert engine.status(mail) == "sent"
    assert gate_of(engine, "sms") == (GateState.PAUSED, None)


def test_a_paused_queue_goes_on_by_itself_when_its_pause_is_over(
    engine: Engine,
) -> None:
    until = engine.clock.now + timedelta(minutes=10)
    pause(engine, "sms", until=until)
    waiting = engine.message()

    engine.clock.now = until - timedelta(milliseconds=1)
    engine.work()
    assert engine.status(waiting) == "pending"
    engine.clock.now = until
    engine.work()

    assert engine.status(waiting) == "sent"
    assert gate_of(engine, "sms") == (GateState.OPEN, None)


def test_a_row_that_was_rung_for_as_its_queue_was_paused_waits(engine: Engine) -> None:
    waiting = engine.queued()
    pause(engine, "sms")

    engine.answer_doorbells()

    assert engine.status(waiting) == "pending"
    assert engine.provider.handed == []


def test_a_retry_waits_in_a_paused_queue_and_keeps_its_tries(engine: Engine) -> None:
    engine.provider.script.append(Outcome(result=Result.TRANSIENT, reason="busy"))
    waiting = engine.message()
    engine.work()
    until = engine.clock.now + timedelta(hours=1)
    pause(engine, "sms", until=until)

    pass_time(engine, seconds=3600, step_s=60)
    assert (engine.status(waiting), engine.row(waiting)["attempts"]) == ("retrying", 1)
    engine.work()

    assert (engine.status(waiting), engine.row(waiting)["attempts"]) == ("sent", 2)


def test_a_pause_lets_no_crowd_out_at_its_end(engine: Engine) -> None:
    pause(engine, "sms", until=engine.clock.now + MINUTE)
    many(engine, 30)

    pass_time(engine, seconds=121)

    assert count(engine.runtime, attempts) == 2 * (A_MINUTE - KEPT)
    assert most_in_a_minute(engine) <= A_MINUTE


def test_a_full_gate_says_until_when(engine: Engine) -> None:
    began = engine.clock.now
    many(engine, A_MINUTE)
    engine.work()

    engine.clock.advance(seconds=10)

    assert gate_of(engine, "sms") == (GateState.RATE_LIMITED, began + MINUTE)
    assert gate_of(engine, "email") == (GateState.OPEN, None)
