"""The staff is told: once for the same thing, over every address, and tried again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.channels.staff import strange_addresses
from app.services.alerts import Alert, alert, staff_alert
from tests.own import Shed, open_shed
from tests.simulator import Simulator

DOWN = Alert(key="circuit/sms", subject="SMS waits", text="Twilio does not answer.")


@pytest.fixture(name="simulator", scope="module")
def simulator_of_the_file() -> Iterator[Simulator]:
    with Simulator(fsync=False) as simulator:
        yield simulator


@pytest.fixture(name="shed")
def shed_that_tells(tmp_path: Path, simulator: Simulator) -> Iterator[Shed]:
    simulator.reset()
    host = simulator.http.removeprefix("http://")
    urls = f"json://{host}/hooks/owner json://{host}/hooks/desk"
    with open_shed(tmp_path, [staff_alert], STAFF_NOTIFY_URLS=urls) as shed:
        yield shed


def told_to(simulator: Simulator) -> list[str]:
    return sorted(entry["recipient"] for entry in simulator.ledger(provider="hook"))


def test_every_address_is_told(shed: Shed, simulator: Simulator) -> None:
    task_id = _alert(shed, DOWN)

    shed.work()

    assert told_to(simulator) == ["desk", "owner"]
    assert shed.row(task_id)["result"] == "2 told"
    told = simulator.ledger(provider="hook")[0]["text"]
    assert "My Business: SMS waits" in told
    assert "Twilio does not answer." in told


def test_the_same_thing_is_told_once_an_hour(shed: Shed, simulator: Simulator) -> None:
    first = _alert(shed, DOWN)
    again = _alert(shed, DOWN)
    shed.clock.advance(hours=1)
    later = _alert(shed, DOWN)

    assert first == again
    assert first != later


def test_one_that_is_told_is_enough(shed: Shed, simulator: Simulator) -> None:
    simulator.add_fault("status", status=500, match={"recipient": "owner"})

    task_id = _alert(shed, DOWN)
    shed.work()

    assert shed.status(task_id) == "sent"
    assert shed.row(task_id)["result"] == "1 told"


def test_where_nobody_was_told_it_is_tried_again(
    shed: Shed, simulator: Simulator
) -> None:
    simulator.add_fault("status", status=500)
    task_id = _alert(shed, DOWN)
    shed.work()
    assert shed.status(task_id) == "retrying"

    simulator.clear_faults()
    shed.clock.advance(minutes=2)
    shed.work()

    assert shed.status(task_id) == "sent"
    assert told_to(simulator) == ["desk", "owner"]


def test_without_an_address_the_task_says_so(tmp_path: Path) -> None:
    with open_shed(tmp_path, [staff_alert]) as shed:
        task_id = _alert(shed, DOWN)

        shed.work()

        assert shed.row(task_id)["result"] == (
            "nobody is told: STAFF_NOTIFY_URLS is not set"
        )


def test_strange_addresses_are_counted() -> None:
    assert list(strange_addresses("json://a/b msteams://x/y/z nonsense")) == [2, 3]


def _alert(shed: Shed, told: Alert) -> str:
    with shed.runtime.database.write() as tx:
        return alert(tx, shed.runtime, told, now=shed.clock.now)
