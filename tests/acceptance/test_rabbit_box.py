"""A whole box that queues on RabbitMQ: kills and outages lose nothing there either."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.runtime import queue_namespace
from tests.acceptance.running_up import RunningUp
from tests.box import POLICY, Box
from tests.part import SOON_S
from tests.rabbit import Rabbit
from tests.shop import Booked
from tests.valkey import free_port
from tests.waiting import wait_until

if sys.platform == "win32":
    pytest.skip("needs signals and the embedded server", allow_module_level=True)

#: Bookings, of three messages each.
BOOKINGS = 10
#: Seconds of the longest answer while the queue is away, and of the usual one.
LONGEST_S = 1.5
MOST_SLOWER_S = 0.3


@dataclass(frozen=True, kw_only=True)
class RabbitBox:
    """A box, and the corner of RabbitMQ that it queues in."""

    box: Box
    rabbit: Rabbit


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitBox]:
    folder = tmp_path_factory.mktemp("rabbit-box")
    policy = folder / "unlimited.toml"
    policy.write_text(unlimited(POLICY))
    env = {"BELLHOP_CONFIG": str(policy)}
    with Rabbit() as rabbit, Box(folder, BROKER_URL=rabbit.url, **env) as box:
        rabbit.namespace = queue_namespace(box.runtime.database)
        box.queue.kill()  # nobody needs it
        yield RabbitBox(box=box, rabbit=rabbit)
        for part in (box.api, box.scheduler, box.worker):
            part.kill()


def unlimited(policy: str) -> str:
    """Return the policy without limits of rate: more is sent here than in a minute."""
    if "rate_limit" in policy:
        return policy
    return policy.replace("{ retry", '{ rate_limit = "0", retry')


def test_messages_are_delivered_though_the_worker_is_killed(started: RabbitBox) -> None:
    box = started.box
    box.simulator.add_fault("delay", seconds=0.03)
    booked = box.shop.several(BOOKINGS)
    wait_until(
        lambda: "sent" in box.stands(booked[3]).statuses(),
        within_s=SOON_S,
        what="some of them are sent",
    )

    box.worker.kill()
    box.worker.start()
    reckoning = box.reckon(booked)

    assert len(reckoning.lines) == 3 * BOOKINGS
    reckoning.assert_nothing_lost()
    reckoning.of(channel="sms").assert_all_sent_once()
    reckoning.of(channel="whatsapp").assert_all_sent_once()
    # The one that was in the worker's hand cannot be looked up if it was an e-mail.
    assert reckoning.duplicates <= 1
    box.simulator.clear_faults()


@pytest.mark.parametrize("outage", ["away", "stalled"])
def test_bookings_are_answered_quickly_and_told_of_once_whatever_it_does(
    started: RabbitBox, outage: str
) -> None:
    box, proxy = started.box, started.rabbit.proxy
    begin, end = {
        "away": (proxy.close, proxy.open),
        "stalled": (proxy.stall, proxy.resume),
    }[outage]
    # Or the API would have no reason to ring, or would still spare itself the trouble.
    box.wait_until_settled()
    box.wait_until_well()
    box.api.forget()
    booked: list[Booked] = []

    begin()
    slower = box.shop.answer_times(lambda: booked.extend(box.shop.several(6)))
    end()
    reckoning = box.reckon(booked)

    assert "Queue not reached" in box.api.said
    assert len(reckoning.lines) == 18
    reckoning.assert_all_sent_once()
    assert max(slower) < LONGEST_S
    assert statistics.median(slower) < MOST_SLOWER_S


@pytest.mark.parametrize("harm", ["cut", "queue_deleted"])
def test_what_happens_to_the_queue_at_work_loses_nothing(
    started: RabbitBox, harm: str
) -> None:
    box, rabbit = started.box, started.rabbit
    box.wait_until_well()
    box.simulator.add_fault("delay", seconds=0.03)
    booked = box.shop.several(3)

    {"cut": rabbit.proxy.cut, "queue_deleted": rabbit.delete_queue}[harm]()
    booked += box.shop.several(3)
    reckoning = box.reckon(booked)

    assert len(reckoning.lines) == 18
    reckoning.assert_all_sent_once()
    assert box.worker.is_running
    box.simulator.clear_faults()


def test_up_starts_no_server_of_its_own_beside_a_rabbitmq(tmp_path: Path) -> None:
    up = RunningUp(tmp_path)
    with Rabbit() as rabbit:
        up.environment["BROKER_URL"] = rabbit.direct_url

        with up:
            up.wait_for_event("started", times=3)
            up.wait_until_ready()

            assert up.left_running() == ["api", "scheduler", "worker"]
            assert "the one that BROKER_URL names" in up.said


def test_rabbitmq_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    up = RunningUp(tmp_path)
    port = free_port()
    up.environment["BROKER_URL"] = f"amqp://bob:secret-word@127.0.0.1:{port}/"

    up.start()
    code = up.ends()

    assert code == 1
    assert up.said.count("\n") == 1
    assert f"127.0.0.1:{port} cannot be used" in up.said
    assert "set BROKER_URL to another" in up.said
    assert "secret-word" not in up.said
    assert up.left_running() == []
