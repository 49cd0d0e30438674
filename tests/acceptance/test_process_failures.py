"""Processes that die, freeze or are stopped: what they had begun is brought to its end.

The worker's own crashes are in `test_worker_crashes.py`.
"""

from __future__ import annotations

import sys
from datetime import timedelta

import pytest

from app.clock import utc_now
from tests.box import Box
from tests.postgres import about_postgresql, about_sqlite
from tests.shop import Booked

if sys.platform == "win32":
    pytest.skip("needs signals and the embedded server", allow_module_level=True)

#: How long the provider takes where something is to happen meanwhile.
SLOW_S = 0.7


def pay_at_a_dying_api(box: Box, booked: Booked, *, point: str) -> None:
    """Pay at an API that dies at this point, and answers nothing any more."""
    box.api.kill()
    with box.part("doomed-api", "-m", "tests.acceptance.doomed_api") as doomed:
        doomed.start(BELLHOP_TEST_DIE=point)
        box.wait_until_ready(doomed)
        with pytest.raises(OSError, match=r"closed connection|reset by peer"):
            box.shop.pay(booked, Idempotency_Key=booked.id)
        doomed.ends()


@pytest.mark.parametrize("point", ["before_ring", "before_answer"])
def test_payment_saved_by_an_api_that_died_is_told_to_the_customer_once(
    box: Box, point: str
) -> None:
    booked = box.shop.book()

    pay_at_a_dying_api(box, booked, point=point)
    told = box.reckon([booked])
    box.mend()
    box.shop.pay(booked, Idempotency_Key=booked.id)  # as the website would

    told.assert_all_sent_once()
    assert len(told.lines) == 3
    assert box.reckon([booked]) == told


def test_payment_that_was_not_saved_leaves_nothing_and_can_be_repeated(
    box: Box,
) -> None:
    booked = box.shop.book()
    pay_at_a_dying_api(box, booked, point="before_commit")
    assert box.stands(booked).lines == ()
    box.mend()

    box.shop.pay(booked, Idempotency_Key=booked.id)

    reckoning = box.reckon([booked])
    assert len(reckoning.lines) == 3
    reckoning.assert_all_sent_once()


def test_messages_leave_without_the_scheduler_and_retries_wait_for_it(
    box: Box,
) -> None:
    box.scheduler.kill()
    box.simulator.add_fault(
        "status",
        status=429,
        headers={"Retry-After": "2"},
        match={"channel": "sms"},
        times=1,
    )
    booked = box.shop.book_and_pay()
    box.wait_for(booked, "sent", channel="whatsapp")
    box.wait_for(booked, "sent", channel="email")
    box.wait_for(booked, "retrying", channel="sms")

    box.scheduler.start()

    reckoning = box.reckon([booked])
    reckoning.assert_all_sent_once()
    assert reckoning.of(channel="sms").lines[0].attempts == 2


@about_sqlite
def test_second_scheduler_refuses_to_start(box: Box) -> None:
    with box.part("second-scheduler", "scheduler.py") as second:
        second.start()

        code = second.ends()

        assert code == 75
        assert "another scheduler is running on the same data" in second.said
    assert box.scheduler.is_running


@about_postgresql
def test_second_scheduler_stands_by_and_takes_over_from_one_that_was_killed(
    box: Box,
) -> None:
    with box.part("second-scheduler", "scheduler.py") as second:
        second.start()
        second.wait_for_words("Scheduler waits")

        box.scheduler.kill()

        second.wait_for_words("Scheduler leads")


def test_stopped_worker_finishes_its_message_and_leaves_the_others(box: Box) -> None:
    box.simulator.add_fault("delay", seconds=SLOW_S, match={"channel": "sms"})
    booked = box.shop.book_and_pay()
    box.wait_for(booked, "sending", channel="sms")

    code = box.worker.stop()

    assert code == 0
    sms, *others = box.stands(booked).statuses()
    assert sms == "sent"
    assert set(others) <= {"queued", "pending"}
    box.worker.start()
    box.reckon([booked]).assert_all_sent_once()


def test_frozen_worker_keeps_its_message(box: Box) -> None:
    box.simulator.add_fault("delay", seconds=SLOW_S, match={"channel": "sms"})
    booked = box.shop.book_and_pay()
    box.wait_for(booked, "sending", channel="sms")
    box.worker.freeze()
    expired_at = utc_now() + timedelta(seconds=1)  # `worker_expiry` of the box

    with box.part("second-worker", "worker.py") as second:
        second.start()
        box.wait_for_job("take_over", begun_after=expired_at)
        box.wait_for(booked, "sent", channel="email")

        assert box.stands(booked, channel="sms").statuses() == ["sending"]
        box.worker.thaw()
        box.reckon([booked]).assert_all_sent_once()


def test_two_workers_of_one_name_share_the_work(box: Box) -> None:
    box.simulator.add_fault("delay", seconds=0.03)

    with box.part("second-worker", "worker.py") as second:
        second.start()
        second.wait_for_words("Worker started")
        booked = box.shop.several(20)
        reckoning = box.reckon(booked)
        shares = [part.said.count("Notification sent") for part in (box.worker, second)]

    reckoning.assert_all_sent_once()
    assert len(reckoning.lines) == 60
    assert all(shares)
