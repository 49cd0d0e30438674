"""Queues while all runs: counted, paused, changed and purged by a person."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.domain.tasks import Status
from app.errors import InvalidError, NotFoundError
from app.runtime import Runtime
from app.services import queues
from app.services.gate_state import Gate, GateState
from app.services.purging import purge
from app.services.queues import Queue
from app.storage import queues as store
from app.storage.tables import queue_states, tasks
from tests.engine import Engine
from tests.house import perform, rows

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
#: What goes with any file.
FITS = {"rate_limit": "2/m", "retry_jitter": 0, "retry_delays": ["9m"]}


def queue_of(engine: Engine, name: str) -> Queue:
    return {queue.name: queue for queue in queues.all_queues(engine.runtime)}[name]


def change(runtime: Runtime, name: str, **values: object) -> None:
    perform(runtime, lambda tx: queues.change(tx, runtime, name, values, by="Alice"))


def pause(engine: Engine, name: str, **more: Any) -> None:
    facts = {"until": None, "by": "Alice", **more}
    perform(engine.runtime, lambda tx: queues.pause(tx, engine.runtime, name, **facts))


def resume(engine: Engine, name: str) -> None:
    perform(
        engine.runtime, lambda tx: queues.resume(tx, engine.runtime, name, by="Alice")
    )


def set_under_another_file(engine: Engine, **overrides: object) -> None:
    """Set values of `sms` as if the file had been another one then."""
    with engine.runtime.database.write() as tx:
        store.save_overrides(tx, "sms", overrides, now=engine.clock.now)


def test_every_queue_of_the_policy_is_there_in_its_order(runtime: Runtime) -> None:
    found = queues.all_queues(runtime)

    assert [queue.name for queue in found] == list(runtime.policy.queues)
    assert {queue.gate for queue in found} == {Gate()}
    sms = next(queue for queue in found if queue.name == "sms")
    assert (sms.rate_limit, sms.rate_left, sms.ttl) == ("10/m", 10, "0")
    high = next(queue for queue in found if queue.name == "high")
    assert (high.rate_limit, high.rate_left) == ("0", None)


def test_rows_are_counted_by_what_they_wait_for(engine: Engine) -> None:
    engine.message()
    engine.clock.advance(minutes=3)
    engine.message()
    engine.message(due_at=engine.clock.now + HOUR)
    for status in (*store.COUNTED, "sent", "cancelled"):
        engine.put_into(engine.message(), Status(status))

    found = queue_of(engine, "sms")

    assert (found.depth, found.delayed) == (2, 1)
    counted = (found.queued, found.in_flight, found.unknown, found.failed, found.dead)
    assert counted == (1, 1, 1, 1, 1)
    assert found.oldest_age_seconds == 180


def test_a_message_counts_in_its_queue_though_it_leaves_by_another_gate(
    engine: Engine,
) -> None:
    engine.message(queue="high")

    assert queue_of(engine, "high").depth == 1
    assert queue_of(engine, "sms").depth == 0


def test_rows_of_a_queue_that_the_file_names_no_more_are_still_shown(
    engine: Engine,
) -> None:
    task_id = engine.message()
    with engine.runtime.database.write() as tx:
        tx.execute(sa.update(tasks).values(queue="gone", lane="gone"))

    assert queue_of(engine, "gone").depth == 1
    assert purge(engine.runtime, "gone", by="Alice").done == 1
    assert engine.status(task_id) == "cancelled"
    assert "gone" not in {queue.name for queue in queues.all_queues(engine.runtime)}


def test_a_full_limit_is_told_with_what_is_left_and_until_when(engine: Engine) -> None:
    for number in range(25):
        engine.message(recipient=f"+1415555{number:04}")
    began = engine.clock.now
    engine.work()

    found = queue_of(engine, "sms")

    assert (found.rate_left, found.depth) == (1, 16)
    assert found.gate.state is GateState.RATE_LIMITED
    assert found.gate.until == began + MINUTE
    assert "kept for what is urgent" in found.gate.reason


def test_a_pause_tells_who_why_and_until_when(engine: Engine) -> None:
    until = engine.clock.now + HOUR

    pause(engine, "sms", until=until, reason="New contract.")

    assert queue_of(engine, "sms").gate == Gate(
        state=GateState.PAUSED, reason="New contract.", until=until, by="Alice"
    )
    pause(engine, "email")
    assert queue_of(engine, "email").gate.reason == "Paused by Alice."


def test_a_resumed_queue_rings_at_once(engine: Engine) -> None:
    pause(engine, "sms")
    waiting = engine.message()
    engine.work()
    assert engine.status(waiting) == "pending"

    resume(engine, "sms")

    assert engine.doorbell.rings
    engine.answer_doorbells()
    assert engine.status(waiting) == "sent"


def test_a_pause_that_would_be_over_is_refused(engine: Engine) -> None:
    with pytest.raises(InvalidError, match="until: is past"):
        pause(engine, "sms", until=engine.clock.now)


def test_an_unknown_queue_is_not_found_with_the_nearest_name(engine: Engine) -> None:
    with pytest.raises(NotFoundError, match="nearest is 'email'"):
        pause(engine, "emial")


def test_a_limit_that_is_set_while_all_runs_holds_at_once(engine: Engine) -> None:
    change(engine.runtime, "sms", rate_limit="2/m")
    for number in range(5):
        engine.message(recipient=f"+1415555{number:04}", priority=10)

    engine.work()

    assert len(engine.texts) == 2
    found = queue_of(engine, "sms")
    assert (found.rate_limit, found.rate_left) == ("2/m", 0)
    assert found.overrides == {"rate_limit": "2/m"}


def test_a_value_that_is_given_back_is_the_files_again(engine: Engine) -> None:
    change(engine.runtime, "sms", rate_limit="2/m", ttl="120s")
    assert queue_of(engine, "sms").overrides == {"rate_limit": "2/m", "ttl": "2m"}

    change(engine.runtime, "sms", rate_limit=None)

    found = queue_of(engine, "sms")
    assert (found.rate_limit, found.overrides) == ("10/m", {"ttl": "2m"})


def test_all_mistakes_are_told_at_once(runtime: Runtime) -> None:
    with pytest.raises(InvalidError) as refused:
        change(runtime, "sms", worker="media", rate_limit="fast", prio=1, tll=None)

    told = {problem.field: problem.message for problem in refused.value.problems}
    assert set(told) == {"worker", "rate_limit", "prio", "tll"}
    assert "nobody would start that worker" in told["worker"]
    assert "the nearest is priority" in told["prio"]
    assert "the nearest is ttl" in told["tll"]
    assert rows(runtime, queue_states) == []


def test_only_what_clashes_with_a_changed_file_is_left_out_and_it_is_told_once(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    set_under_another_file(engine, **FITS, soft_time_limit="10m", tll="1h")
    task_id = engine.message()

    with caplog.at_level(logging.WARNING):
        engine.work()
        found = queue_of(engine, "sms")

    assert engine.status(task_id) == "sent"
    assert (found.rate_limit, found.overrides) == ("2/m", FITS)
    told = [
        r.__dict__["facts"]
        for r in caplog.records
        if getattr(r, "action", "") == "overrides_ignored"
    ]
    assert {(one["queue"], one["key"], one["value"]) for one in told} == {
        ("sms", "soft_time_limit", "10m"),
        ("sms", "tll", "1h"),
    }
    assert len(told) == 2
    whys = {one["key"]: one["cause"] for one in told}
    assert "longer than the time_limit (45s)" in whys["soft_time_limit"]
    assert "the nearest is ttl" in whys["tll"]


def test_a_change_forgets_what_clashes_with_the_file_and_is_not_refused_for_it(
    engine: Engine,
) -> None:
    set_under_another_file(engine, **FITS, soft_time_limit="10m")

    change(engine.runtime, "sms", priority=5)

    (row,) = rows(engine.runtime, queue_states)
    assert row["overrides"] == {**FITS, "priority": 5}


def test_of_two_who_change_a_queue_at_once_none_undoes_what_the_other_did(
    runtime: Runtime,
) -> None:
    changes = [
        threading.Thread(target=change, args=(runtime, "sms"), kwargs={name: value})
        for name, value in {"priority": 5, "ttl": "2h", "max_length": 9}.items()
    ]

    for thread in changes:
        thread.start()
    for thread in changes:
        thread.join()

    (row,) = rows(runtime, queue_states)
    assert row["overrides"] == {"priority": 5, "ttl": "2h", "max_length": 9}


def test_a_pause_and_a_change_at_once_wait_for_each_other_in_no_circle(
    engine: Engine,
) -> None:
    runtime = engine.runtime

    # One has the row and wants the turn to let rows out; the other must not have it.
    def paused(tx: sa.Connection) -> None:
        queues.pause(tx, runtime, "sms", until=None, by="Bob")

    deeds = [
        deed
        for number in range(10)
        for deed in (
            lambda: perform(runtime, paused),
            lambda number=number: change(runtime, "sms", priority=number),
        )
    ]
    failed: list[BaseException] = []

    def do(deed: Callable[[], None]) -> None:
        try:
            deed()
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=do, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
