"""`ping`: says how long the whole box takes, or what keeps it from answering."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from app.clock import utc_now
from app.commands import ping
from app.runtime import Runtime
from app.services.actors_found import load_actors
from app.storage.tables import tasks
from tests.clock import Clock
from tests.engine import join
from tests.fakes import FakeDoorbell
from tests.house import rows
from tests.own import Shed
from tests.shell import Shell


@contextmanager
def a_worker(runtime: Runtime) -> Iterator[None]:
    """Do what is due, as soon as it is."""
    house = replace(runtime, registry=load_actors())
    engine = join(house, clock=Clock(utc_now()), doorbell=FakeDoorbell())
    shed = Shed(engine=engine)
    is_over = threading.Event()

    def work() -> None:
        while not is_over.wait(0.01):
            shed.work()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        engine.presence.lock.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ping, "WITHIN_S", 0.3)


def test_a_worker_answers_with_its_place_and_the_time(
    runtime: Runtime, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ping, "WITHIN_S", 15)
    with a_worker(runtime):
        ran = shell("ping")

    assert ran.code == 0
    assert ran.out.startswith("pong: ")
    assert " ms, by the worker in process " in ran.out


def test_machines_are_told_the_same(
    runtime: Runtime, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ping, "WITHIN_S", 15)
    with a_worker(runtime):
        ran = shell("ping", "--json")

    assert ran.code == 0
    assert ran.json["ok"] is True
    assert ran.json["ms"] > 0
    assert ran.json["problems"] == []


def test_without_a_worker_it_says_what_is_wrong(runtime: Runtime, shell: Shell) -> None:
    ran = shell("ping")

    assert ran.code == 1
    assert "No worker is running" in ran.out
    assert "python worker.py" in ran.out


def test_a_ping_that_nobody_answered_is_called_off(
    runtime: Runtime, shell: Shell
) -> None:
    ran = shell("ping", "--json")

    assert ran.json["ok"] is False
    (row,) = rows(runtime, tasks)
    assert row["status"] == "cancelled"
