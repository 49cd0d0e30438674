"""The examples: every file loads, and does what it says."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.services import own_schedule
from app.services.actors_found import load_actors
from app.storage.tables import task_groups
from app.work import Registry
from examples.actors.newsletter import (
    compare,
    plan_issue,
    send_letter,
    send_to_all,
    tell_owner,
    write_letter,
)
from examples.actors.nightly import look_at_the_door, tidy_up
from examples.actors.supplier import order_towels
from examples.actors.thumbnails import measure_pictures
from examples.actors.welcome import count_events, give_points
from tests.house import count, make_booking, make_service
from tests.own import Shed, open_shed

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(name="shed")
def shed_with_the_examples(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path, list(load_actors("examples.actors"))) as shed:
        yield shed


def results(shed: Shed, kind: Any) -> list[Any]:
    return [shed.row(row["id"])["result"] for row in shed.all(kind)]


def test_the_examples_get_along_with_what_comes_with_bellhop() -> None:
    kinds = [*load_actors(), *load_actors("examples.actors")]

    assert len(Registry(kinds)) == len(kinds)


def test_pictures_are_measured_and_the_progress_told(
    shed: Shed, tmp_path: Path
) -> None:
    for name in "ab":
        (tmp_path / f"{name}.jpg").write_bytes(b"1234")
    task_id = measure_pictures.enqueue(str(tmp_path))

    shed.work()

    row = shed.row(task_id)
    assert row["result"] == {"pictures": 2, "bytes": 8}
    assert row["progress"] == {"done": 2, "total": 2, "note": "b.jpg"}


def test_too_few_pictures_are_fatal(shed: Shed, tmp_path: Path) -> None:
    task_id = measure_pictures.enqueue(str(tmp_path))

    shed.work()

    assert shed.row(task_id)["reason"] == "ValueError: there are only 0 pictures"


def test_a_closed_supplier_is_asked_again_in_an_hour(
    shed: Shed, tmp_path: Path
) -> None:
    (tmp_path / "closed").touch()
    task_id = order_towels.enqueue(str(tmp_path), number=7)
    shed.work()
    assert shed.row(task_id)["reason"] == "The supplier is closed."

    (tmp_path / "closed").unlink()
    shed.clock.advance(hours=1)
    shed.work()

    assert (tmp_path / f"{task_id}.json").read_text() == '{"towels": 7}'


def test_a_supplier_that_is_gone_is_fatal(shed: Shed) -> None:
    task_id = order_towels.enqueue("/nowhere", number=7)

    shed.work()

    assert shed.status(task_id) == "dead"


def test_events_reach_their_tasks(shed: Shed) -> None:
    service = make_service(shed.runtime, price=None)
    make_booking(shed.runtime, service)
    give_points.enqueue("a booking", 4500, "EUR")

    shed.work()

    assert results(shed, give_points) == [45]
    assert results(shed, count_events) == [
        "booking.created",
        "booking.confirmed",
        "points.given +45",
    ]


def test_schedules_are_kept(shed: Shed) -> None:
    own_schedule.plan_due(shed.runtime)
    shed.work()

    assert results(shed, look_at_the_door) == [True]  # it is nine o'clock sharp
    assert results(shed, tidy_up) == []


def test_an_issue_goes_out_in_pieces(shed: Shed) -> None:
    plan_issue.enqueue("spring", readers=250)

    shed.work()

    assert results(shed, write_letter) == ["Spring"]
    assert results(shed, send_letter) == [100, 100, 50]
    assert results(shed, tell_owner) == ["spring: 3 pieces done, 0 failed"]
    assert count(shed.runtime, task_groups) == len(shed.all(send_to_all)) == 1


def test_things_are_done_side_by_side(shed: Shed) -> None:
    compare.enqueue(["a", "b"])

    shed.work()

    assert results(shed, tell_owner) == [": 2 pieces done, 0 failed"]


def test_the_script_is_a_script() -> None:
    assert callable(runpy.run_path(str(ROOT / "examples" / "enqueue.py"))["main"])
