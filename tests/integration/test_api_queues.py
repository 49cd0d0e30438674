"""`/queues` and `/workers` over HTTP: who may look, and who may change what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.clock import utc_now
from app.domain.kinds import Kind
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from app.services import planning
from app.services.facts import SITE_DATA
from app.services.keys import Scope
from app.services.planning import Plan
from app.storage.tables import queue_states, tasks
from tests.door import Door, assert_problem, open_door
from tests.engine import Engine
from tests.house import nothing_saved, perform, rows

QUEUE = {
    *("name", "priority", "worker", "depth", "delayed", "queued", "in_flight"),
    *("unknown", "failed", "dead", "oldest_age_seconds", "rate_limit", "rate_left"),
    *("gate", "max_length", "ttl", "overrides"),
}


def wait(door: Door, number: int = 1) -> None:
    """Let SMS wait that leave in an hour."""
    plan = Plan(
        kind=Kind.MESSAGE,
        channel=Channel.SMS,
        recipient="+14155550100",
        args={SITE_DATA: {"text": "Hello"}},
        due_at=utc_now() + timedelta(hours=1),
    )
    for _ in range(number):
        perform(
            door.runtime,
            lambda tx: planning.insert(tx, door.runtime, plan, now=utc_now()),
        )


def test_a_site_may_look_at_every_queue(door: Door) -> None:
    wait(door)

    answer = door.as_scope(Scope.SITE).get("/queues")

    assert answer.status == 200
    found = {queue["name"]: queue for queue in answer.json["data"]}
    assert list(found) == list(door.runtime.policy.queues)
    assert set(found["sms"]) == QUEUE
    assert (found["sms"]["delayed"], found["sms"]["rate_left"]) == (1, 10)
    gate = {"state": "open", "reason": "", "until": None, "by": ""}
    assert found["sms"]["gate"] == gate


@pytest.mark.parametrize("scope", [Scope.SITE, Scope.PUBLIC, Scope.METRICS])
def test_only_an_admin_may_change_a_queue(door: Door, scope: Scope) -> None:
    visitor = door.as_scope(scope)

    with nothing_saved(door.runtime):
        for deed in ("pause", "resume", "purge"):
            assert_problem(visitor.post(f"/queues/sms/{deed}"), 403)
        assert_problem(visitor.patch("/queues/sms", {"priority": 1}), 403)
    assert_problem(visitor.get("/workers"), 403)


def test_a_pause_is_answered_with_the_queue_and_who_it_was(door: Door) -> None:
    body = {"until": "2199-01-01T00:00:00+01:00", "reason": "New contract."}

    answer = door.post("/queues/sms/pause", body)

    assert answer.status == 200
    gate = answer.json["gate"]
    assert (gate["state"], gate["reason"]) == ("paused", "New contract.")
    assert gate["until"] == "2198-12-31T23:00:00Z"
    assert gate["by"]
    assert door.post("/queues/sms/resume").json["gate"]["state"] == "open"


def test_a_pause_may_be_a_span(door: Door) -> None:
    before = utc_now()

    door.post("/queues/sms/pause", {"for": "2h"})

    (row,) = rows(door.runtime, queue_states)
    assert timedelta(0) <= row["paused_until"] - before - timedelta(hours=2)
    assert row["paused_until"] - before < timedelta(hours=2, minutes=1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"until": "2020-01-01T00:00:00Z"}, "until"),
        ({"until": "2199-01-01T00:00:00"}, "until"),
        ({"for": "soon"}, "for"),
        ({"for": "0"}, "for"),
        ({"for": "2h", "until": "2199-01-01T00:00:00Z"}, "for"),
        ({"for": 2}, "for"),
        ({"reason": "a\nb"}, "reason"),
        ({"because": "x"}, "because"),
    ],
)
def test_a_pause_that_makes_no_sense_is_refused(
    door: Door, body: dict[str, object], field: str
) -> None:
    answer = door.post("/queues/sms/pause", body)

    assert_problem(answer, 422, field)
    assert rows(door.runtime, queue_states) == []


@pytest.mark.parametrize("deed", ["pause", "resume", "purge"])
def test_an_unknown_queue_is_not_found_with_the_nearest_name(
    door: Door, deed: str
) -> None:
    answer = door.post(f"/queues/whatsap/{deed}")

    assert_problem(answer, 404)
    assert "The nearest is 'whatsapp'." in answer.json["detail"]
    assert_problem(door.patch("/queues/whatsap", {}), 404)


def test_values_of_a_policy_are_changed_and_given_back(door: Door) -> None:
    changed = door.patch("/queues/sms", {"rate_limit": "20/m", "priority": 5}).json
    assert (changed["rate_limit"], changed["priority"]) == ("20/m", 5)
    assert changed["overrides"] == {"rate_limit": "20/m", "priority": 5}

    given_back = door.patch("/queues/sms", {"rate_limit": None}).json

    assert (given_back["rate_limit"], given_back["rate_left"]) == ("10/m", 10)
    assert given_back["overrides"] == {"priority": 5}


def test_all_mistakes_of_a_change_are_told_at_once(door: Door) -> None:
    body = {"rate_limit": "20", "priority": "5", "worker": "b", "color": 1, "tll": None}

    answer = door.patch("/queues/sms", body)

    assert_problem(answer, 422, *body)
    assert rows(door.runtime, queue_states) == []


def test_a_purge_answers_like_a_bulk_cancel(door: Door) -> None:
    wait(door, 3)

    answer = door.post("/queues/sms/purge", {"reason": "Wrong list."})

    assert answer.json == {"matched": 3, "done": 3, "skipped": []}
    (told,) = {(row["status"], row["reason"]) for row in rows(door.runtime, tasks)}
    assert told[0] == "cancelled"
    assert told[1].startswith("Purged by ")
    assert told[1].endswith(": Wrong list.")


def test_the_same_idempotency_key_purges_once(door: Door) -> None:
    wait(door, 2)
    first = door.post("/queues/sms/purge", Idempotency_Key="a")
    wait(door)

    again = door.post("/queues/sms/purge", Idempotency_Key="a")

    assert again.json == first.json == {"matched": 2, "done": 2, "skipped": []}
    assert again.headers["Idempotent-Replayed"] == "true"
    assert door.post("/queues/sms/purge").json["done"] == 1


def test_a_worker_is_shown_with_what_it_has_in_hand(engine: Engine) -> None:
    door = open_door(engine.runtime)
    (idle,) = door.get("/workers").json["data"]
    assert (idle["name"], idle["alive"], idle["current"]) == ("main", True, None)
    seen: list[Any] = []
    task_id = engine.message()

    def look() -> Outcome:
        seen.extend(door.get("/workers").json["data"])
        return Outcome(result=Result.ACCEPTED, provider_message_id="1")

    engine.provider.script.append(look)
    engine.work()

    (busy,) = seen
    assert busy["current"]["task_id"] == task_id
    assert (busy["current"]["kind"], busy["current"]["queue"]) == ("message", "sms")


def test_a_worker_that_is_not_heard_of_any_more_is_not_alive(engine: Engine) -> None:
    engine.clock.advance(minutes=1)

    (worker,) = open_door(engine.runtime).get("/workers").json["data"]

    assert worker["alive"] is False
