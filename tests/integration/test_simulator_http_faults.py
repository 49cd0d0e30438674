"""Each fault that can be ordered over HTTP is seen on a real socket."""

from __future__ import annotations

import gzip
import http.client
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.http_client import call
from tests.senders import (
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


def test_status_with_code_and_headers_is_worded_as_twilio_does(
    simulator: Simulator,
) -> None:
    simulator.add_fault("status", status=429, headers={"Retry-After": "7"}, times=1)

    reply = send_sms(simulator)

    assert reply.status == 429
    assert reply.headers["retry-after"] == "7"
    assert reply.body == (
        b'{"code":20429,"message":"Too Many Requests",'
        b'"more_info":"https://www.twilio.com/docs/errors/20429","status":429}'
    )
    assert send_sms(simulator).status == 201
    assert outcomes(simulator) == [(False, "status"), (True, "")]


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        ({}, 503, 20503),
        ({"status": 500}, 500, 20500),
        ({"status": 401}, 401, 20003),
        ({"code": 21610}, 400, 21610),
        ({"code": 30001, "status": 500}, 500, 30001),
    ],
)
def test_status_needs_only_one_of_status_and_code(
    simulator: Simulator, order: dict[str, Any], status: int, code: int
) -> None:
    simulator.add_fault("status", **order)

    reply = send_sms(simulator)

    assert (reply.status, reply.json["code"]) == (status, code)


def test_gateway_error_is_a_page(simulator: Simulator) -> None:
    simulator.add_fault("status", status=502)

    reply = send_sms(simulator)

    assert (reply.status, reply.headers["content-type"]) == (502, "text/html")


@pytest.mark.parametrize(
    ("body", "expected"), [("<h1>Oops</h1>", b"<h1>Oops</h1>"), ({"a": 1}, b'{"a":1}')]
)
def test_status_may_bring_its_own_body(
    simulator: Simulator, body: object, expected: bytes
) -> None:
    simulator.add_fault("status", status=500, body=body)

    assert send_sms(simulator).body == expected


def test_hook_fails_as_ordered(simulator: Simulator) -> None:
    simulator.add_fault("status", status=410, match={"recipient": "pos"})

    replies = [
        call("POST", f"{simulator.http}/hooks/{name}", body="{}")
        for name in ("pos", "crm")
    ]

    assert [reply.status for reply in replies] == [410, 200]


def test_gateway_error_may_hide_an_accepted_message(simulator: Simulator) -> None:
    simulator.add_fault("status", status=504, accepted=True)

    reply = send_sms(simulator)

    assert reply.status == 504
    assert outcomes(simulator) == [(True, "status")]


def test_hang_before_accept_never_answers_and_takes_nothing(
    simulator: Simulator,
) -> None:
    simulator.add_fault("hang_before_accept")

    with pytest.raises(TimeoutError):
        send_sms(simulator, timeout_s=0.2)

    assert outcomes(simulator) == [(False, "hang_before_accept")]


def test_accept_then_hang_takes_it_and_never_answers(simulator: Simulator) -> None:
    simulator.add_fault("accept_then_hang")

    with pytest.raises(TimeoutError):
        send_sms(simulator, timeout_s=0.2)

    assert outcomes(simulator) == [(True, "accept_then_hang")]


def test_accept_then_cut_resets_before_any_answer_byte(simulator: Simulator) -> None:
    simulator.add_fault("accept_then_cut")

    with unread_sms(simulator) as line, pytest.raises(ConnectionResetError):
        line.recv(1)

    assert outcomes(simulator) == [(True, "accept_then_cut")]


def test_cut_before_accept_resets_and_takes_nothing(simulator: Simulator) -> None:
    simulator.add_fault("cut_before_accept")

    with unread_sms(simulator) as line, pytest.raises(ConnectionResetError):
        line.recv(1)

    assert outcomes(simulator) == [(False, "cut_before_accept")]


def test_trickle_brings_one_byte_a_second(simulator: Simulator) -> None:
    simulator.add_fault("trickle")

    with unread_sms(simulator) as line:
        first = line.recv(100)
        line.settimeout(0.3)
        with pytest.raises(TimeoutError):
            line.recv(100)
        line.settimeout(5)
        second = line.recv(100)

    assert (first, second) == (b"H", b"T")
    assert outcomes(simulator) == [(True, "trickle")]


def test_delay_is_an_ordinary_answer_later(simulator: Simulator) -> None:
    simulator.add_fault("delay", seconds=0.3)
    before = time.monotonic()

    reply = send_sms(simulator)

    assert reply.status == 201
    assert time.monotonic() - before >= 0.3
    assert outcomes(simulator) == [(True, "delay")]


def test_message_is_taken_long_before_a_late_answer(simulator: Simulator) -> None:
    simulator.add_fault("late_answer", seconds=60)

    with unread_sms(simulator) as line:
        wait_until(
            lambda: outcomes(simulator) == [(True, "late_answer")],
            within_s=10,
            what="it is taken before it is answered",
        )
        simulator.clear_faults()
        answer = line.recv(100)

    assert answer.startswith(b"HTTP/1.1 201")


def test_garbage_comes_with_the_status_of_success(simulator: Simulator) -> None:
    simulator.add_fault("garbage")

    reply = send_sms(simulator)

    assert reply.status == 201
    assert reply.headers["content-type"].startswith("text/html")
    assert b"<h1>" in reply.body
    assert outcomes(simulator) == [(True, "garbage")]


def test_garbage_may_come_from_someone_who_took_nothing(simulator: Simulator) -> None:
    simulator.add_fault("garbage", body="html", accepted=False)

    assert send_sms(simulator).status == 200
    assert outcomes(simulator) == [(False, "garbage")]


def _is_truncated(body: bytes) -> bool:
    with pytest.raises(ValueError, match=r"Unterminated|delimiter|Expecting"):
        json.loads(body)
    return body.startswith(b'{"sid":"SM')


def _has_wrong_types(body: bytes) -> bool:
    content = json.loads(body)
    return isinstance(content["sid"], list) and isinstance(content["error_code"], str)


def _has_no_id(body: bytes) -> bool:
    content = json.loads(body)
    return "sid" not in content and content["status"] == "queued"


@pytest.mark.parametrize(
    ("body", "is_right"),
    [
        ("truncated_json", _is_truncated),
        ("wrong_types", _has_wrong_types),
        ("missing_id", _has_no_id),
        ("empty", lambda body: body == b""),
        ("huge", lambda body: len(body) > 10_000_000),
        ("not_utf8", lambda body: b"\xff" in body),
        ("nested", lambda body: body.startswith(100_000 * b"[")),
    ],
)
def test_garbage_of_every_kind_is_what_it_says(
    simulator: Simulator, body: str, is_right: Any
) -> None:
    simulator.add_fault("garbage", body=body)

    reply = send_sms(simulator)

    assert reply.status == 201
    assert reply.headers["content-type"] == "application/json"
    assert is_right(reply.body)


def test_gzip_bomb_swells_a_thousandfold(simulator: Simulator) -> None:
    simulator.add_fault("garbage", body="gzip_bomb")

    reply = send_sms(simulator)

    assert reply.headers["content-encoding"] == "gzip"
    assert len(reply.body) < 100_000
    assert len(gzip.decompress(reply.body)) == 64 * 1024 * 1024


def test_answer_cut_short_promises_more_than_it_brings(simulator: Simulator) -> None:
    simulator.add_fault("garbage", body="cut_short")

    with pytest.raises(http.client.IncompleteRead):
        send_sms(simulator)
