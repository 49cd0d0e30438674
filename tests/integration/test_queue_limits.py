"""What a queue's length, its ttl and its priority do to what is planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.channels.table import Mode
from app.domain.kinds import KINDS, Kind
from app.domain.queues import QUEUES
from app.domain.tasks import Status
from app.services import recovery
from app.storage import queues as store
from app.storage.tables import notifications, tasks
from tests.door import Answer, Door, assert_problem, open_door
from tests.engine import Engine, open_engine
from tests.house import count, make_booking, make_service, nothing_saved, rows
from tests.own import Shed, open_shed
from tests.own_kinds import step

SHORT = """
[queues.sms]
max_length = 3
ttl = "2h"

[queues.default]
max_length = 2
ttl = "1h"

[queues.whatsapp]
rate_limit = "0"
max_length = 2
"""
TTL_SMS = timedelta(hours=2)
WAITED = "It has waited as long as its queue allows (ttl 2h)."


@pytest.fixture(name="engine")
def engine_of_short_queues(tmp_path: Path) -> Iterator[Engine]:
    with open_engine(tmp_path, policy=SHORT) as engine:
        yield engine


@pytest.fixture(name="door")
def its_door(engine: Engine) -> Door:
    return open_door(engine.runtime)


@pytest.fixture(name="shed")
def shed_of_short_queues(tmp_path: Path) -> Iterator[Shed]:
    (tmp_path / "bellhop.toml").write_text(SHORT)
    with open_shed(tmp_path) as shed:
        yield shed


def order(door: Door, *channels: str, **more: Any) -> Answer:
    body = {
        "kind": "message",
        "channels": list(channels),
        "to": {"phone": "+14155550100", "email": "alice@example.org"},
        "data": {"text": "Hello"},
        **more,
    }
    return door.post("/notifications", body)


def fill(engine: Engine, queue: str, number: int = 3, **plan: Any) -> list[str]:
    """Let so many messages wait for a queue that is paused."""
    with engine.runtime.database.write() as tx:
        facts = {"until": None, "by": "Alice", "reason": ""}
        store.pause(tx, queue, **facts, now=engine.clock.now)
    return [engine.message(queue=queue, **plan) for _ in range(number)]


def test_a_full_queue_refuses_who_sends_in_bulk_and_plans_nothing(
    engine: Engine, door: Door
) -> None:
    fill(engine, "sms", 2)
    assert order(door, "sms").status == 202

    with nothing_saved(engine.runtime):
        answer = order(door, "email", "sms")

    assert_problem(answer, 429)
    assert answer.headers["Retry-After"] == "6"  # one of ten a minute
    assert "'sms' is full: 3 are waiting already" in answer.json["detail"]


def test_without_a_limit_another_try_is_worth_it_after_a_minute(
    engine: Engine, door: Door
) -> None:
    fill(engine, "whatsapp", 2)

    assert order(door, "whatsapp").headers["Retry-After"] == "60"
    assert order(door, "email").status == 202


def test_what_has_left_makes_room(engine: Engine, door: Door) -> None:
    (first, *_) = fill(engine, "sms", 3)
    engine.put_into(first, Status.SENT)

    assert order(door, "sms").status == 202


def test_a_full_queue_still_answers_for_what_was_planned_before(
    engine: Engine, door: Door
) -> None:
    first = order(door, "sms", dedupe_key="a", send_at="2199-01-01T00:00:00Z")
    fill(engine, "sms", 3)

    again = order(door, "sms", dedupe_key="a", send_at="2199-01-01T00:00:00Z")

    assert (again.status, again.json) == (202, first.json)
    assert_problem(order(door, "sms", dedupe_key="b"), 429)


def test_a_booking_is_never_refused(engine: Engine) -> None:
    fill(engine, "sms", 3)

    make_booking(engine.runtime, make_service(engine.runtime), confirmed=True)

    assert count(engine.runtime, notifications, channel="sms") == 4


def test_messages_to_a_channel_that_is_off_need_no_room(
    tmp_path: Path,
) -> None:
    smtp = {"EMAIL_HOST": "127.0.0.1", "DEFAULT_FROM_EMAIL": "box@example.org"}
    with open_engine(tmp_path / "box", policy="", **smtp) as engine:
        assert engine.runtime.modes["sms"] is Mode.OFF
        door = open_door(engine.runtime)
        with engine.runtime.database.write() as tx:
            now = engine.clock.now
            store.save_overrides(tx, "sms", {"max_length": 1}, now=now)
        answers = [order(door, "sms").status for _ in range(3)]

    assert answers == [202, 202, 202]


def test_a_full_queue_refuses_tasks_and_groups_alike(shed: Shed) -> None:
    door = open_door(shed.runtime)
    body = {"kind": "step", "args": {"name": "a"}, "queue": "default"}
    later = {**body, "send_at": "2199-01-01T00:00:00Z"}
    first = door.post("/tasks", {**later, "dedupe_key": "a"})
    assert door.post("/tasks", later).status == 202

    with nothing_saved(shed.runtime):
        assert_problem(door.post("/tasks", later), 429)
        refused = door.post("/task-groups", {"tasks": [body, body]})

    assert_problem(refused, 429)
    assert refused.headers["Retry-After"] == "60"
    again = door.post("/tasks", {**later, "dedupe_key": "a"})
    assert (again.status, again.json["id"]) == (202, first.json["id"])
    # Inside the house nobody is refused: what follows a booking must not be lost.
    assert shed.plan(step.with_options(queue="default").wish("b"))


def test_a_message_expires_when_its_queue_has_kept_it_long_enough(
    engine: Engine,
) -> None:
    late, soon = engine.message(), engine.message(due_at=engine.clock.now + TTL_SMS)
    fill(engine, "sms", 0)

    engine.clock.advance(hours=2)
    recovery.expire(engine.runtime)

    assert (engine.status(late), engine.row(late)["reason"]) == ("expired", WAITED)
    assert engine.status(soon) == "pending"


def test_a_worker_that_is_first_gives_the_same_reason(engine: Engine) -> None:
    late = engine.message()

    engine.clock.advance(hours=2)
    engine.work()

    assert (engine.status(late), engine.row(late)["reason"]) == ("expired", WAITED)
    assert engine.texts == []


def test_what_is_useful_for_less_says_that_it_would_come_too_late(
    engine: Engine,
) -> None:
    hour = engine.clock.now + timedelta(hours=1)
    ids = [engine.message(useful_until=hour) for _ in range(2)]
    assert {engine.row(task_id)["useful_until"] for task_id in ids} == {hour}

    engine.clock.advance(hours=1)
    recovery.expire(engine.runtime)

    told = {engine.row(task_id)["reason"] for task_id in ids}
    assert told == {"It would come too late to be useful."}


def test_a_ttl_that_is_set_while_all_runs_counts_for_what_is_planned_then(
    engine: Engine,
) -> None:
    before = engine.message(queue="high")
    with engine.runtime.database.write() as tx:
        store.save_overrides(tx, "high", {"ttl": "2m"}, now=engine.clock.now)

    after = engine.message(queue="high")

    useful = [engine.row(t)["useful_until"] - engine.clock.now for t in (before, after)]
    assert useful == [timedelta(hours=24), timedelta(minutes=2)]


def test_an_own_task_expires_by_its_queues_ttl_but_not_while_it_waits_for_others(
    shed: Shed,
) -> None:
    first = shed.plan(step.with_options(queue="default").wish("a"))
    then = shed.plan(step.with_options(queue="default", after=[first]).wish("b"))
    useful = [shed.row(t)["useful_until"] - shed.clock.now for t in (first, then)]
    assert useful == [timedelta(hours=1), timedelta(days=7)]

    shed.clock.advance(hours=1)
    shed.work()

    reason = "It has waited as long as its queue allows (ttl 1h)."
    assert (shed.status(first), shed.row(first)["reason"]) == ("expired", reason)


def test_a_priority_that_is_set_while_all_runs_counts_for_what_is_planned_then(
    engine: Engine,
) -> None:
    with engine.runtime.database.write() as tx:
        store.save_overrides(tx, "sms", {"priority": 7}, now=engine.clock.now)

    assert engine.row(engine.message())["priority"] == 7
    assert engine.row(engine.message(priority=9))["priority"] == 9


def test_an_urgent_message_of_a_site_uses_the_share_that_is_kept(
    tmp_path: Path,
) -> None:
    with open_engine(tmp_path / "box") as engine:
        for number in range(50):
            engine.message(recipient=f"+1415555{number:04}")
        engine.work()
        before = len(engine.texts)

        answer = order(open_door(engine.runtime), "sms", priority=20)
        engine.work()

        (row,) = rows(engine.runtime, tasks, id=answer.json["data"][0]["id"])
    assert (row["status"], len(engine.texts)) == ("sent", before + 1)


def test_a_message_waits_in_the_queue_that_its_kind_names(engine: Engine) -> None:
    policy = engine.runtime.policy
    code = replace(policy.kinds[Kind.MESSAGE], queue="high")
    kinds = {**policy.kinds, Kind.MESSAGE: code}
    runtime = replace(engine.runtime, policy=replace(policy, kinds=kinds))

    answer = order(open_door(runtime), "sms")

    (row,) = rows(runtime, tasks, id=answer.json["data"][0]["id"])
    assert (row["queue"], row["lane"], row["priority"]) == ("high", "high/sms", 10)


def test_the_queue_that_a_kind_names_is_there() -> None:
    assert {policy.queue for policy in KINDS.values()} - {None} <= set(QUEUES)
