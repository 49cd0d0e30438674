"""Faults strike whom, when and as often as ordered, and end when they are lifted."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.http_client import call
from tests.senders import (
    ALICE,
    BOB,
    MESSAGES,
    US,
    outcomes,
    send_sms,
    unread_sms,
)
from tests.simulator import Simulator
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def started() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(started: Simulator) -> Simulator:
    started.reset()
    return started


def test_fault_is_only_for_whom_it_was_ordered(simulator: Simulator) -> None:
    simulator.add_fault(
        "status",
        match={
            "provider": "twilio",
            "channel": "sms",
            "recipient": BOB,
            "text_contains": "cancel",
        },
    )

    replies = [
        send_sms(simulator, To=BOB, Body="Your booking is cancelled"),
        send_sms(simulator, To=BOB, Body="Your booking stands"),
        send_sms(simulator, To=ALICE, Body="Your booking is cancelled"),
        send_sms(simulator, To=f"whatsapp:{BOB}", From=f"whatsapp:{US}", Body="cancel"),
    ]

    assert [reply.status for reply in replies] == [503, 201, 201, 201]


def test_rules_strike_in_their_order_and_as_often_as_ordered(
    simulator: Simulator,
) -> None:
    simulator.add_fault("status", status=500, times=2)
    simulator.add_fault("status", status=429, times=1)

    statuses = [send_sms(simulator).status for _ in range(4)]

    assert statuses == [500, 500, 429, 201]
    assert [rule["taken"] for rule in simulator.control("GET", "faults")] == [2, 1]


def test_times_holds_for_many_requests_at_once(simulator: Simulator) -> None:
    simulator.add_fault("status", status=429, times=5)

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: send_sms(simulator).status, range(40)))

    assert sorted(statuses) == 35 * [201] + 5 * [429]


def test_look_up_fails_only_when_that_is_ordered(simulator: Simulator) -> None:
    simulator.add_fault("status", status=500, match={"operation": "look_up"}, times=1)

    sent = send_sms(simulator)
    first = call("GET", simulator.http + MESSAGES)
    second = call("GET", simulator.http + MESSAGES)

    assert (sent.status, first.status, second.status) == (201, 500, 200)
    assert outcomes(simulator) == [(True, "")]


def test_lifting_the_faults_cuts_off_who_hangs(simulator: Simulator) -> None:
    simulator.add_fault("accept_then_hang")

    with unread_sms(simulator) as line:
        wait_until(simulator.ledger, within_s=5, what="the message is taken")
        simulator.clear_faults()
        rest = line.recv(1)

    assert rest == b""
    assert send_sms(simulator).status == 201


def test_lifting_the_faults_ends_a_delay_with_its_answer(simulator: Simulator) -> None:
    simulator.add_fault("delay", seconds=3600)

    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(send_sms, simulator)
        wait_until(
            lambda: simulator.control("GET", "faults")[0]["taken"],
            within_s=5,
            what="the request waits",
        )
        simulator.clear_faults()

        assert reply.result(timeout=5).status == 201


def test_waiting_faults_do_not_keep_the_simulator_from_ending() -> None:
    with Simulator() as simulator:
        simulator.add_fault("accept_then_hang")
        with unread_sms(simulator):
            wait_until(simulator.ledger, within_s=5, what="it is taken")
            before = time.monotonic()

            assert simulator.stop() == 0
            assert time.monotonic() - before < 2


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("no rule", "rule: is a JSON object"),
        ({"fault": {"kind": "explode"}}, "kind: is one of status, "),
        ({"fault": {"kind": "status", "when": 1}}, "fault: does not know when"),
        ({"fault": {"kind": "status"}, "times": 0}, "times: is a whole number"),
        ({"fault": {"kind": "status", "status": 99}}, "status: is an HTTP status"),
        ({"fault": {"kind": "status", "code": "x"}}, "code: is a number"),
        ({"fault": {"kind": "status", "headers": {"A": 1}}}, "headers: are ASCII"),
        ({"fault": {"kind": "delay", "seconds": -1}}, "seconds: is a number"),
        ({"fault": {"kind": "garbage", "body": "bin"}}, "body: is one of html, "),
        ({"fault": {"kind": "status", "accepted": 1}}, "accepted: is true or false"),
        ({"fault": {"kind": "trickle", "accepted": False}}, "accepted: cannot be"),
        ({"fault": {"kind": "trickle", "stage": "rcpt"}}, "stage: trickle happens at"),
        (
            {"fault": {"kind": "status", "stage": "auth"}, "match": {"recipient": "a"}},
            "recipient: is not known yet at stage auth",
        ),
        (
            {
                "fault": {"kind": "status", "stage": "data"},
                "match": {"text_contains": "a"},
            },
            "text_contains: is not known yet at stage data",
        ),
        (
            {"fault": {"kind": "status"}, "match": {"recipient": 1}},
            "recipient: is text",
        ),
    ],
)
def test_rule_that_could_not_work_is_refused_in_a_sentence(
    simulator: Simulator, rule: object, sentence: str
) -> None:
    url = f"{simulator.http}/_simulator/faults"

    reply = call("POST", url, body=json.dumps([rule]))

    assert reply.status == 400
    assert sentence in reply.json["error"]
    assert simulator.control("GET", "faults") == []


def test_hang_ends_when_the_client_leaves(simulator: Simulator) -> None:
    def waiting() -> int:
        return int(simulator.control("GET", "health")["waiting"])

    simulator.add_fault("accept_then_hang")

    lines = [unread_sms(simulator) for _ in range(5)]
    wait_until(lambda: waiting() == 5, within_s=5, what="all five hang")
    for line in lines:
        line.close()

    wait_until(lambda: waiting() == 0, within_s=5, what="none hangs")
