"""The queue server has a bad day while bookings come in: nobody notices but the clock.

The API goes on answering, hardly slower, and the worker goes on sending what it finds
in the database; every message arrives once.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import pytest

from app.broker import open_redis_doorbell
from app.runtime import queue_namespace
from tests.box import Box
from tests.broker import about_valkey
from tests.part import SOON_S
from tests.shop import Booked
from tests.waiting import wait_until

if sys.platform == "win32":
    pytest.skip("needs signals and the embedded server", allow_module_level=True)

pytestmark = about_valkey

#: Seconds by which an answer may be slower in an outage, and the longest for one.
MOST_SLOWER_S = 0.3
LONGEST_S = 1.5
#: Bookings before, during and after an outage.
BEFORE, DURING, AFTER = 6, 10, 4


@dataclass(frozen=True, kw_only=True)
class Outage:
    """How the queue server fails, and how it comes back."""

    begin: Callable[[Box], object]
    end: Callable[[Box], object]


def lose_all(box: Box) -> None:
    """End the server as a crash would, with nothing on its disk."""
    box.queue.kill()
    box.queue.lose_data()


def stall_for_long(box: Box) -> None:
    """Freeze the server, with all its connections open."""
    box.worker.forget()
    box.queue.stall()


def resume_when_missed(box: Box) -> None:
    """Let the stalled server go on once the worker has given up on it (3 s)."""
    box.worker.wait_for_words("Queue lost")
    box.queue.resume()


OUTAGES = {
    "stopped": Outage(
        begin=lambda box: box.queue.stop(), end=lambda box: box.queue.start()
    ),
    "killed": Outage(
        begin=lambda box: box.queue.kill(), end=lambda box: box.queue.start()
    ),
    "killed_and_empty": Outage(begin=lose_all, end=lambda box: box.queue.start()),
    "stalled": Outage(
        begin=lambda box: box.queue.stall(), end=lambda box: box.queue.resume()
    ),
    "stalled_for_long": Outage(begin=stall_for_long, end=resume_when_missed),
    "flushed": Outage(
        begin=lambda box: box.queue.command("FLUSHALL"), end=lambda _box: None
    ),
    "out_of_memory": Outage(
        begin=lambda box: box.queue.config_set("maxmemory", "1"),
        end=lambda box: box.queue.config_set("maxmemory", "0"),
    ),
}


@pytest.mark.parametrize(
    "name", ["stopped", "killed", "killed_and_empty", "stalled", "out_of_memory"]
)
def test_bookings_are_answered_quickly_and_told_of_once_whatever_it_does(
    box: Box, name: str
) -> None:
    outage = OUTAGES[name]
    booked: list[Booked] = []
    usual = box.shop.answer_times(lambda: booked.extend(box.shop.several(BEFORE)))
    # Or the API would have no reason to ring, or would still spare itself the trouble.
    box.wait_until_settled()
    box.wait_until_well()
    box.api.forget()

    outage.begin(box)
    slower = box.shop.answer_times(lambda: booked.extend(box.shop.several(DURING)))
    outage.end(box)
    booked.extend(box.shop.several(AFTER))
    reckoning = box.reckon(booked)

    assert "Queue not reached" in box.api.said
    assert len(reckoning.lines) == 3 * (BEFORE + DURING + AFTER)
    reckoning.assert_all_sent_once()
    assert statistics.median(slower) - statistics.median(usual) <= MOST_SLOWER_S
    assert max(slower) < LONGEST_S


@pytest.mark.parametrize("name", ["stopped", "stalled", "out_of_memory"])
def test_messages_are_sent_while_the_queue_is_away(box: Box, name: str) -> None:
    box.wait_until_settled()
    box.worker.forget()
    OUTAGES[name].begin(box)
    box.worker.wait_for_words("Queue lost")

    reckoning = box.reckon(box.shop.several(2))

    reckoning.assert_all_sent_once()


@pytest.mark.parametrize(
    "name", ["killed_and_empty", "stalled_for_long", "flushed", "out_of_memory"]
)
def test_doorbells_lost_in_the_middle_of_the_work_are_rung_again(
    box: Box, name: str
) -> None:
    box.simulator.add_fault("delay", seconds=0.05)
    booked = box.shop.several(BEFORE)

    OUTAGES[name].begin(box)
    booked += box.shop.several(2)
    OUTAGES[name].end(box)

    reckoning = box.reckon(booked)
    assert len(reckoning.lines) == 3 * (BEFORE + 2)
    reckoning.assert_all_sent_once()


def test_doorbells_of_the_dead_worker_and_the_lost_queue_are_rung_again(
    box: Box,
) -> None:
    box.worker.kill()
    booked = box.shop.several(4)
    lose_all(box)
    box.queue.start()

    box.worker.start()

    box.reckon(booked).assert_all_sent_once()


def test_doorbells_that_ring_again_and_again_send_nothing_twice(box: Box) -> None:
    box.simulator.add_fault("delay", seconds=0.03)
    booked = box.shop.several(3)
    ids = [line.id for one in booked for line in box.stands(one).lines]
    namespace = queue_namespace(box.runtime.database)
    doorbell = open_redis_doorbell(box.queue.url, namespace=namespace)

    def ring_until_all_is_sent() -> bool:
        doorbell.ring(ids)
        return box.stands(booked[-1], channel="email").statuses() == ["sent"]

    with closing(doorbell):
        wait_until(ring_until_all_is_sent, within_s=SOON_S, what="all is sent")
        wait_until(lambda: not doorbell.depth(), within_s=SOON_S, what="all heard")
    last = box.shop.book_and_pay()  # once it is sent, all was heard to the end

    box.reckon([last, *booked]).assert_all_sent_once()


def test_all_start_without_the_queue_server_and_find_it_later(box: Box) -> None:
    for part in (box.api, box.worker, box.scheduler):
        part.kill()
    box.queue.stop()
    for part in (box.api, box.worker, box.scheduler):
        part.start()
    box.wait_until_ready(box.api)
    booked = box.shop.several(2)
    box.worker.wait_for_words("Queue lost")

    box.queue.start()

    box.reckon(booked).assert_all_sent_once()


def test_worker_stops_in_order_while_the_queue_server_is_away(box: Box) -> None:
    box.simulator.add_fault("delay", seconds=1.0, match={"channel": "sms"})
    booked = box.shop.book_and_pay()
    box.wait_for(booked, "sending", channel="sms")
    box.queue.stop()

    code = box.worker.stop()

    assert code == 0
    assert box.stands(booked, channel="sms").statuses() == ["sent"]
    box.mend()
    box.reckon([booked]).assert_all_sent_once()
