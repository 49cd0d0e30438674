"""`queue` and the words of `inspect` about queues, workers and what went how."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from app.clock import utc_now
from app.commands.printing import span
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.domain.tasks import Status
from app.runtime import Runtime
from app.services import planning
from app.services.facts import SITE_DATA
from app.services.planning import Plan
from app.storage import cleaning, recovering
from app.storage.tables import queue_states, tasks, workers
from tests.house import change_row, count, rows
from tests.shell import Shell

WIDTH = 80


def wait(runtime: Runtime, channel: Channel = Channel.SMS) -> str:
    """Let a message wait."""
    to = "alice@example.org" if channel is Channel.EMAIL else "+14155550100"
    plan = Plan(
        kind=Kind.MESSAGE,
        channel=channel,
        recipient=to,
        args={SITE_DATA: {"text": "Hello"}},
    )
    with runtime.database.write() as tx:
        task_id = planning.insert(tx, runtime, plan, now=utc_now())
    assert task_id is not None
    return task_id


def work(runtime: Runtime, task_id: str | None = None, *, ago_s: float = 0) -> None:
    """Let a worker be there that was heard of so long ago, with a task in hand."""
    then = utc_now() - timedelta(seconds=ago_s)
    with runtime.database.write() as tx:
        recovering.register_worker(
            tx, boot_id="b", name="main", host="box:/srv", pid=17, now=then
        )
    if task_id:
        change_row(runtime, tasks, task_id, status="sending", worker_boot_id="b")


def fits(text: str) -> bool:
    return max(map(len, text.splitlines())) <= WIDTH


def test_a_queue_is_paused_for_a_while_with_a_reason(
    shell: Shell, runtime: Runtime
) -> None:
    ran = shell("queue", "pause", "sms", "--for", "2h", "--reason", "New contract.")

    assert ran.code == 0
    assert ran.out.startswith("sms is paused until 20")
    (row,) = rows(runtime, queue_states)
    assert (row["paused_by"], row["pause_reason"]) == (
        "the command line",
        "New contract.",
    )
    assert shell("queue", "resume", "sms").out == "sms goes on.\n"
    assert rows(runtime, queue_states)[0]["paused_at"] is None


def test_all_queues_are_paused_and_resumed_together(
    shell: Shell, runtime: Runtime
) -> None:
    ran = shell("queue", "pause", "--all", "--json")

    states = {queue["gate"]["state"] for queue in ran.json["data"]}
    assert (states, len(ran.json["data"])) == ({"paused"}, len(runtime.policy.queues))
    assert "high is paused until it is resumed." in shell("queue", "pause", "--all").out
    assert "high goes on." in shell("queue", "resume", "--all").out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["pause"], "NAME --all is required"),
        (["pause", "sms", "--all"], "not allowed with"),
        (["pause", "sms", "--for", "soon"], "not a duration"),
        (["pause", "smss"], "The nearest is 'sms'."),
        (["purge", "smss"], "The nearest is 'sms'."),
        (["set", "sms", "rate_limit"], "not of the form KEY=VALUE"),
        (["set", "sms", "rate_limit=fast", "prio=1"], "the nearest is priority"),
        (["set", "sms", "worker=b"], "nobody would start that worker"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_way_out(
    shell: Shell, runtime: Runtime, words: list[str], told: str
) -> None:
    ran = shell("queue", *words)

    assert ran.code != 0
    assert told in ran.err
    assert rows(runtime, queue_states) == []


def test_values_of_the_policy_are_set_and_given_back(
    shell: Shell, runtime: Runtime
) -> None:
    ran = shell(
        *("queue", "set", "sms", "rate_limit=20/m", "priority=5"),
        *("retry_jitter=0.5", "retry_delays=1s,2s", "ttl=0"),
    )

    assert ran.code == 0
    (row,) = rows(runtime, queue_states)
    assert row["overrides"] == {
        "rate_limit": "20/m",
        "priority": 5,
        "retry_jitter": 0.5,
        "retry_delays": ["1s", "2s"],
        "ttl": "0",
    }
    keys = [f"{key}=" for key in row["overrides"]]
    back = shell("queue", "set", "sms", *keys)
    assert back.out == "sms is as the policy file has it.\n"


def test_a_purge_asks_before_it_acts(
    shell: Shell, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = wait(runtime)

    for answer in ("", "no\n", "\n"):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        ran = shell("queue", "purge", "sms")
        assert (ran.code, ran.out) == (1, "")
        assert "calls off 1 task in sms, for ever" in ran.err
        assert "Nothing has been done" in ran.err
    assert rows(runtime, tasks)[0]["status"] == "pending"
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    done = shell("queue", "purge", "sms", "--reason", "Wrong list.")

    assert (done.code, done.out) == (0, "sms: 1 task called off.\n")
    (row,) = rows(runtime, tasks, id=task_id)
    assert row["reason"] == "Purged by the command line: Wrong list."


def test_a_purge_of_all_does_not_ask_who_said_yes(
    shell: Shell, runtime: Runtime
) -> None:
    wait(runtime)
    wait(runtime, Channel.EMAIL)

    ran = shell("queue", "purge", "--all", "--yes", "--json")

    done = {row["queue"]: row["done"] for row in ran.json["data"]}
    assert sum(done.values()) == done["sms"] + done["email"] == 2
    assert count(runtime, tasks, status="cancelled") == 2


def test_people_see_every_queue_in_80_columns(shell: Shell, runtime: Runtime) -> None:
    wait(runtime)
    shell("queue", "pause", "sms", "--for", "2h", "--reason", "New contract.")
    shell("queue", "set", "whatsapp", "rate_limit=1000000/m")

    ran = shell("inspect", "queues")

    assert fits(ran.out), ran.out
    lines = {line.split()[0].strip(":"): line for line in ran.out.splitlines() if line}
    assert ran.out.splitlines()[0].split()[:3] == ["QUEUE", "DUE", "LATER"]
    assert "sms: New contract. (until 20" in ran.out
    assert "whatsapp: rate_limit set while running" in lines["whatsapp"]
    assert set(runtime.policy.queues) <= set(lines)


def test_machines_get_what_the_api_answers(shell: Shell, runtime: Runtime) -> None:
    work(runtime, wait(runtime))

    (worker,) = shell("inspect", "workers", "--json").json["data"]
    queue = shell("inspect", "queues", "--json").json["data"][2]

    assert (worker["host"], worker["current"]["queue"]) == ("box", "sms")
    assert (queue["name"], queue["in_flight"]) == ("sms", 1)
    assert shell("inspect", "active", "--json").json["data"] == [worker]


def test_people_see_who_works_on_what(shell: Shell, runtime: Runtime) -> None:
    assert "Start `python worker.py`" in shell("inspect", "workers").out
    assert "anything in hand" in shell("inspect", "active").out
    task_id = wait(runtime)
    work(runtime, task_id)

    busy, active = shell("inspect", "workers").out, shell("inspect", "active").out

    assert busy.splitlines()[1].split()[:3] == ["main", "box", "17"]
    assert "message for 0s" in busy
    assert active.splitlines()[1].startswith(task_id)
    assert fits(busy)
    assert fits(active), active


def test_a_silent_worker_is_told(shell: Shell, runtime: Runtime) -> None:
    work(runtime, ago_s=60)

    assert "silent since 20" in shell("inspect", "workers").out
    assert count(runtime, workers) == 1


def test_people_see_what_ended_how_and_of_what_tasks_died(
    shell: Shell, runtime: Runtime
) -> None:
    now = utc_now()
    for status, days in ((Status.SENT, 0), (Status.SENT, 6), (Status.DEAD, 0)):
        ended = now - timedelta(days=days)
        values = {"status": status, "finished_at": ended, "reason": "No such number."}
        change_row(runtime, tasks, wait(runtime), **values)
    very_old = wait(runtime)
    change_row(
        runtime, tasks, very_old, status="sent", finished_at=now - timedelta(days=9)
    )

    ran = shell("inspect", "stats")

    assert ran.code == 0
    assert fits(ran.out)
    lines = [line.split() for line in ran.out.splitlines()]
    assert ["sms", "message", "sent", "1", "2"] in lines
    assert ["sms", "message", "dead", "1", "1"] in lines
    assert "Done within the last minute: 1" in ran.out
    assert ["1", "No", "such", "number."] in lines


def test_what_was_cleaned_up_still_counts(shell: Shell, runtime: Runtime) -> None:
    task_id = wait(runtime)
    now = utc_now()
    values = {"status": "sent", "finished_at": now - timedelta(seconds=1)}
    change_row(runtime, tasks, task_id, **values)
    before = shell("inspect", "stats", "--json").json
    with runtime.database.write() as tx:
        cleaning.clean_batch(tx, finished_before=now, limit=10)
    assert count(runtime, tasks) == 0

    after = shell("inspect", "stats", "--json").json

    assert after["ended"] == before["ended"] != []
    assert before["drained_last_minute"] == 1
    assert after["dead"] == []


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "-"),
        (-1, "0s"),
        (0.4, "0s"),
        (59, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h"),
        (200_000, "2d"),
    ],
)
def test_a_span_is_told_in_its_largest_unit(seconds: float | None, told: str) -> None:
    assert span(seconds) == told
