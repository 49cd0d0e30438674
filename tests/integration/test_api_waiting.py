"""`?wait=`: told at once when a task ends, and nobody else is kept waiting for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.services.patience import MOST_WAITING
from app.storage.tables import tasks
from tests.house import count
from tests.http_client import Reply
from tests.served import Served, serve
from tests.waiting import wait_until

PING = {"kind": "ping"}
#: Seconds for an answer that waits for nobody, on a busy machine.
AT_ONCE_S = 2.0


@pytest.fixture(name="served", scope="module")
def served_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One process for all tests here; there is no worker."""
    with serve(tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture(name="pool")
def pool_of_callers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(32) as pool:
        yield pool


def start(served: Served) -> str:
    reply = served.ask("POST", "/api/v1/tasks", PING)
    assert reply.status == 202, reply.body
    return str(reply.json["id"])


def wait_for(served: Served, task_id: str, wait: float) -> tuple[Reply, float]:
    began = time.monotonic()
    reply = served.ask("GET", f"/api/v1/tasks/{task_id}?wait={wait}")
    return reply, time.monotonic() - began


def end(served: Served, task_id: str) -> None:
    values = {"status": "sent", "finished_at": utc_now()}
    with served.runtime.database.write() as tx:
        tx.execute(sa.update(tasks).where(tasks.c.id == task_id).values(**values))


def test_who_waits_is_told_when_the_task_ends(
    served: Served, pool: ThreadPoolExecutor
) -> None:
    task_id = start(served)
    waiting = pool.submit(wait_for, served, task_id, 30)
    assert served.answers()

    end(served, task_id)

    reply, took_s = waiting.result()
    assert reply.json["state"] == "done"
    assert took_s < 10


def test_who_waits_in_vain_is_answered_in_time(served: Served) -> None:
    reply, took_s = wait_for(served, start(served), 0.5)

    assert reply.json["state"] == "waiting"
    assert 0.5 <= took_s < 0.5 + AT_ONCE_S


def test_who_waits_for_what_is_not_there_is_told_at_once(served: Served) -> None:
    reply, took_s = wait_for(served, "nothing", 30)

    assert reply.status == 404
    assert took_s < AT_ONCE_S


def test_a_crowd_that_waits_keeps_nobody_else_waiting(
    served: Served, pool: ThreadPoolExecutor
) -> None:
    task_id = start(served)
    crowd = [pool.submit(wait_for, served, task_id, 30) for _ in range(24)]
    refused = len(crowd) - MOST_WAITING
    wait_until(
        lambda: sum(caller.done() for caller in crowd) == refused,
        within_s=10,
        what="all but a few are answered at once",
    )

    others = [wait_for(served, start(served), 0) for _ in range(10)]

    end(served, task_id)
    assert max(took_s for _, took_s in others) < AT_ONCE_S
    states = [caller.result()[0].json["state"] for caller in crowd]
    assert states.count("done") == MOST_WAITING
    assert states.count("waiting") == refused


def test_waiting_holds_no_transaction_open(
    served: Served, pool: ThreadPoolExecutor
) -> None:
    task_id = start(served)
    waiting = pool.submit(wait_for, served, task_id, 30)

    before = count(served.runtime, tasks)
    start(served)
    with served.runtime.database.write() as tx:
        tx.exec_driver_sql("SELECT 1")

    assert count(served.runtime, tasks) == before + 1
    end(served, task_id)
    assert waiting.result()[0].status == 200


def test_the_api_ends_though_somebody_waits(
    tmp_path_factory: pytest.TempPathFactory, pool: ThreadPoolExecutor
) -> None:
    with serve(tmp_path_factory.mktemp("ending")) as served:
        waiting = pool.submit(wait_for, served, start(served), 30)
        assert served.answers()

    assert waiting.done()
