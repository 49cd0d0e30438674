"""The simulator's own HTTP: connections that are kept, and requests that are none."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest

from tests.http_client import call, form
from tests.senders import (
    ALICE,
    MESSAGES,
    US,
    http_line,
)
from tests.simulator import Simulator


@pytest.fixture(scope="module")
def started() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(started: Simulator) -> Simulator:
    started.reset()
    return started


def test_kept_alive_connection_serves_on_after_an_error(simulator: Simulator) -> None:
    body, headers = form(To=ALICE, From=US, Body="Hi")
    line = http.client.HTTPConnection(simulator.http.removeprefix("http://"), timeout=5)
    simulator.add_fault("status", status=500, times=1)

    statuses = []
    for _ in range(3):
        line.request("POST", MESSAGES, body, headers)
        with line.getresponse() as answer:
            answer.read()
            statuses.append(answer.status)
        sock = line.sock
    line.close()

    assert statuses == [500, 201, 201]
    assert sock is not None, "the connection was kept"


def test_control_names_its_deeds_where_it_does_not_know_one(
    simulator: Simulator,
) -> None:
    reply = call("GET", f"{simulator.http}/_simulator/levers")

    assert reply.status == 404
    assert "POST faults" in reply.json["error"]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / SMTP/1.1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nContent-Length: " + 5000 * b"9" + b"\r\n\r\n", b"413"),
        (b"GET / HTTP/1.1\r\nX: " + 70_000 * b"x", b"431"),
        (b"GET / HTTP/1.0\r\n\r\n", b"404"),
    ],
)
def test_request_that_is_none_gets_an_answer_and_a_closed_line(
    simulator: Simulator, request_bytes: bytes, status: bytes
) -> None:

    with http_line(simulator) as line:
        line.sendall(request_bytes)
        answer = b""
        while chunk := line.recv(65536):
            answer += chunk

    assert answer.startswith(b"HTTP/1.1 " + status)


def test_body_after_100_continue_is_read(simulator: Simulator) -> None:
    head = (
        b"POST /hooks/x HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    )

    with http_line(simulator) as line:
        line.sendall(head)
        interim = line.recv(100)
        line.sendall(b"hi")
        final = line.recv(1000)

    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert final.startswith(b"HTTP/1.1 200 OK\r\n")
