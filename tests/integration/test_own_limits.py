"""Time limits of tasks of one's own: first a word, then the door."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.broker import TimeLimits
from app.work import SoftTimeLimit, task
from tests.own import Shed, open_shed
from tests.untraced import untraced

#: Seconds that the tasks here would take without a limit.
FOR_EVER_S = 30.0


@untraced()
def be_busy() -> None:
    until = time.monotonic() + FOR_EVER_S
    while time.monotonic() < until:
        pass


@task(soft_time_limit="0.1s", time_limit="20s")
def polite() -> str:
    """Stop when it is asked to."""
    try:
        be_busy()
    except SoftTimeLimit:
        return "half of it"
    return "all of it"


@task(soft_time_limit="0.1s", time_limit="20s")
def careless() -> None:
    """Know nothing of limits."""
    be_busy()


@task(soft_time_limit="0.1s", time_limit="0.3s")
def stubborn() -> None:
    """Go on when it is asked to stop."""
    while True:
        with suppress(Exception):
            be_busy()


@pytest.fixture(name="shed")
def shed_with_a_clock(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path, (polite, careless, stubborn)) as shed:
        shed.engine.run.limits = TimeLimits(look_every_s=0.02)
        shed.engine.run.limits.start()
        yield shed
        shed.engine.run.limits.stop()


def test_a_task_that_stops_when_asked_keeps_what_it_has(shed: Shed) -> None:
    task_id = polite.enqueue()

    shed.work()

    assert shed.row(task_id)["result"] == "half of it"


def test_a_task_that_does_not_care_is_tried_again(shed: Shed) -> None:
    task_id = careless.enqueue()

    shed.work()

    assert shed.status(task_id) == "retrying"
    assert shed.row(task_id)["reason"] == "It ran longer than its time limit."


def test_a_task_that_goes_on_is_broken_off(shed: Shed) -> None:
    task_id = stubborn.enqueue()

    shed.work()

    assert shed.status(task_id) == "retrying"
    assert shed.row(task_id)["reason"] == "It ran longer than its time limit."


def test_a_task_that_was_broken_off_keeps_nobody_else(shed: Shed) -> None:
    stubborn.enqueue()
    task_id = polite.enqueue()

    shed.work()

    assert shed.status(task_id) == "sent"
