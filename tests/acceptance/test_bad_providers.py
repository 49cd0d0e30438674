"""Providers that are slow, refuse, fail, lie or fall silent: contract section 5 holds.

What becomes of each message is compared with what the providers have really taken.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.simulator.garbage import GARBAGE
from app.storage.tables import circuits
from tests.box import Box
from tests.part import Part

if sys.platform == "win32":
    pytest.skip("needs signals and the embedded server", allow_module_level=True)

SMS = ("sms",)
EMAIL = ("email",)
#: What a provider that is sent too much asks for.
A_SECOND = {"Retry-After": "1"}


@pytest.fixture
def hasty(box: Box) -> Iterator[Part]:
    """The box's worker in haste: it gives up early, and spares nobody for long."""
    box.worker.kill()
    with box.part("hasty-worker", "tests/acceptance/hasty_worker.py") as worker:
        worker.start()
        worker.wait_for_words("Worker started")
        yield worker


@pytest.fixture(autouse=True)
def _no_bad_names(box: Box) -> None:
    """No provider is spared for what it has done in an earlier test."""
    with box.runtime.database.write() as tx:
        tx.execute(sa.delete(circuits))


def test_slow_provider_delays_its_own_messages_and_no_booking(box: Box) -> None:
    box.simulator.add_fault("delay", seconds=0.5, match={"channel": "sms"}, times=3)

    booked = []
    answers = box.shop.answer_times(lambda: booked.extend(box.shop.several(5)))

    box.reckon(booked).assert_all_sent_once()
    assert statistics.median(answers) < 0.3
    assert max(answers) < 1.5


def test_next_attempt_is_not_made_before_the_provider_allows_it(box: Box) -> None:
    box.simulator.add_fault("status", status=429, headers={"Retry-After": "2"}, times=1)

    booked = box.shop.book_and_pay(channels=SMS)

    reckoning = box.reckon([booked])
    reckoning.assert_all_sent_once()
    (refused,) = box.refused(booked.phone)
    (taken,) = box.simulator.ledger(recipient=booked.phone)
    assert taken["received_monotonic"] - refused["received_monotonic"] > 1.99


@pytest.mark.usefixtures("hasty")
def test_message_outlives_a_provider_that_is_down_longer_than_the_quick_retries(
    box: Box,
) -> None:
    box.simulator.add_fault("status", status=408)
    booked = box.shop.book_and_pay(channels=SMS)
    box.wait_for(booked, "failed")
    assert len(box.refused(booked.phone)) == 4

    box.simulator.clear_faults()

    box.reckon([booked]).assert_all_sent_once()


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
@pytest.mark.parametrize(
    ("fault", "attempts"),
    [
        ({"kind": "status", "status": 500, "accepted": True}, 1),
        ({"kind": "status", "status": 500, "accepted": False}, 2),
        ({"kind": "accept_then_cut"}, 1),
        ({"kind": "cut_before_accept"}, 2),
    ],
    ids=["500_taken", "500_not_taken", "cut_taken", "cut_not_taken"],
)
def test_unknown_outcome_is_looked_up_before_anything_is_sent_again(
    box: Box, channel: str, fault: dict[str, Any], attempts: int
) -> None:
    box.simulator.add_fault(**fault, times=1)

    booked = box.shop.book_and_pay(channels=[channel])

    reckoning = box.reckon([booked])
    reckoning.assert_all_sent_once()
    assert [line.attempts for line in reckoning.lines] == [attempts]


@pytest.mark.usefixtures("hasty")
def test_answers_that_are_garbage_are_looked_up_and_not_believed(box: Box) -> None:
    booked = []
    for body in GARBAGE:
        box.simulator.add_fault("garbage", body=body, times=1)
        booked += box.shop.several(1, channels=SMS)

    reckoning = box.reckon(booked)

    reckoning.assert_all_sent_once()
    assert [line.attempts for line in reckoning.lines] == [1] * len(GARBAGE)


@pytest.mark.usefixtures("hasty")
def test_look_up_that_is_answered_with_garbage_is_made_again(box: Box) -> None:
    box.simulator.add_fault("accept_then_cut", times=1)
    for body in ("html", "wrong_types", "truncated_json"):
        match = {"operation": "look_up"}
        box.simulator.add_fault("garbage", body=body, match=match, times=1)

    booked = box.shop.book_and_pay(channels=SMS)

    reckoning = box.reckon([booked])
    reckoning.assert_all_sent_once()
    assert reckoning.lines[0].attempts == 1


@pytest.mark.usefixtures("hasty")
def test_provider_that_falls_silent_is_given_up_and_looked_up(box: Box) -> None:
    for fault in ("accept_then_hang", "hang_before_accept", "trickle"):
        box.simulator.add_fault(fault, match={"channel": "sms"}, times=1)
    written = [box.shop.book(channels=EMAIL) for _ in range(2)]
    for fault, one in zip(
        ("accept_then_hang", "hang_before_accept"), written, strict=True
    ):
        box.simulator.add_fault(fault, match={"recipient": one.email}, times=1)

    texted = box.shop.several(3, channels=SMS)
    for one in written:
        box.shop.pay(one)
    reckoning = box.reckon([*texted, *written])

    reckoning.of(channel="sms").assert_all_sent_once()
    assert reckoning.of(channel="email").statuses() == ["sent", "sent"]
    # What a mail server has taken cannot be asked: it is sent once more, and no more.
    assert sorted(reckoning.of(channel="email").copies()) == [1, 2]


def test_providers_that_cannot_be_reached_get_it_all_when_they_are_back(
    box: Box, hasty: Part
) -> None:
    earlier = box.shop.book_and_pay()  # connections are kept, and will be broken
    box.reckon([earlier]).assert_all_sent_once()
    box.simulator.kill()
    hasty.forget()
    booked = box.shop.several(2)
    hasty.wait_for_words("Provider is spared")

    box.simulator.restart()

    box.reckon(booked).assert_all_sent_once()


def test_mail_server_that_asks_for_patience_gets_it(box: Box) -> None:
    box.simulator.add_fault(
        "status", stage="rcpt", code=450, text="4.2.0 Greylisted", times=2
    )

    booked = box.shop.book_and_pay(channels=EMAIL)

    reckoning = box.reckon([booked])
    reckoning.assert_all_sent_once()
    assert reckoning.lines[0].attempts == 3


def test_mailbox_that_does_not_exist_is_dead_at_once_with_a_plain_reason(
    box: Box,
) -> None:
    box.simulator.add_fault(
        "status", stage="rcpt", code=550, text="5.1.1 User unknown", times=1
    )

    booked = box.shop.book_and_pay(channels=EMAIL)

    (line,) = box.reckon([booked]).lines
    assert (line.status, line.attempts, line.copies) == ("dead", 1, 0)
    assert line.reason == "there is no such mailbox"


def test_wrong_credentials_wait_for_a_person_and_for_the_right_ones(
    box: Box, hasty: Part
) -> None:
    hasty.stop()
    hasty.start(TWILIO_AUTH_TOKEN="another-one")
    booked = box.shop.book_and_pay()
    box.wait_for(booked, "failed", channel="sms")
    (line,) = box.stands(booked, channel="sms").lines
    assert line.reason == "Twilio refused the account SID or the auth token"
    box.wait_for(booked, "sent", channel="email")

    hasty.stop()
    hasty.start()

    box.reckon([booked]).assert_all_sent_once()


def test_cancelled_booking_is_never_confirmed_by_a_late_retry(box: Box) -> None:
    box.simulator.add_fault("status", status=429, headers=A_SECOND)
    booked = box.shop.book_and_pay(channels=SMS)
    box.wait_for(booked, "retrying")

    box.shop.post(f"/bookings/{booked.id}/cancel", {"reason": "Flu"})
    box.simulator.clear_faults()

    reckoning = box.reckon([booked])
    reckoning.assert_nothing_lost()
    assert reckoning.of(kind="booking_confirmed").statuses() == ["cancelled"]
    reckoning.of(kind="booking_cancelled").assert_all_sent_once()
    assert len(box.simulator.ledger(recipient=booked.phone)) == 1


def test_moved_booking_never_tells_its_old_time_by_a_late_retry(box: Box) -> None:
    box.simulator.add_fault("status", status=429, headers=A_SECOND)
    booked = box.shop.book_and_pay(channels=SMS)
    box.wait_for(booked, "retrying")

    start = booked.start + timedelta(hours=1)
    box.shop.post(f"/bookings/{booked.id}/reschedule", {"start": start.isoformat()})
    box.simulator.clear_faults()

    reckoning = box.reckon([booked])
    reckoning.assert_nothing_lost()
    assert reckoning.of(kind="booking_confirmed").statuses() == ["superseded"]
    reckoning.of(kind="booking_rescheduled").assert_all_sent_once()
    assert len(box.simulator.ledger(recipient=booked.phone)) == 1


def test_message_that_would_come_too_late_expires_unsent(box: Box) -> None:
    box.simulator.add_fault("status", status=429, headers=A_SECOND)
    booked = box.shop.book()
    useful_until = utc_now() + timedelta(seconds=2)

    box.shop.message(booked, "Your table is ready.", useful_until=useful_until)
    box.wait_for(booked, "expired")
    box.simulator.clear_faults()

    (line,) = box.reckon([booked]).lines
    assert (line.status, line.copies) == ("expired", 0)
    assert "too late" in line.reason


def test_messages_to_one_customer_leave_in_the_order_in_which_they_were_planned(
    box: Box,
) -> None:
    match = {"text_contains": "first"}
    box.simulator.add_fault(
        "status", status=429, headers=A_SECOND, match=match, times=2
    )
    booked = box.shop.book()

    for text in ("The first.", "The second.", "The third."):
        box.shop.message(booked, text)

    box.reckon([booked]).assert_all_sent_once()
    ledger = box.simulator.ledger(recipient=booked.phone)
    assert [entry["text"] for entry in ledger] == [
        "The first.",
        "The second.",
        "The third.",
    ]
