"""The API over real HTTP, before senders who mean no good or have a bad line."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.services.keys import Scope, create
from tests.door import PROBLEM
from tests.house import ADMIN_KEY, in_days, make_service
from tests.served import Served, serve

HEALTH = "GET /healthz HTTP/1.1\nHost: localhost\n\n"


@pytest.fixture(name="served", scope="module")
def served_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One process for all tests here: each has a service of its own."""
    with serve(tmp_path_factory.mktemp("served")) as served:
        yield served


def head(length: int | str, *, key: str = ADMIN_KEY) -> str:
    return (
        "POST /api/v1/bookings HTTP/1.1\nHost: localhost\n"
        f"Authorization: Bearer {key}\nContent-Type: application/json\n"
        f"Content-Length: {length}\n\n"
    )


def test_a_hundred_slow_senders_keep_nobody_waiting(served: Served) -> None:
    key, _ = create(served.runtime, name="a page", scope=Scope.PUBLIC)
    wish = {
        "service_id": make_service(served.runtime).id,
        "start": in_days(3).isoformat(),
        "customer": {"name": "Alice"},
    }
    with ExitStack() as lines:
        for _ in range(100):
            lines.enter_context(served.open_line(head(60_000, key=key) + "{"))

        answer = served.ask("POST", "/api/v1/bookings", wish)

    assert answer.status == 201


def test_a_hundred_half_sent_heads_keep_nobody_waiting(served: Served) -> None:
    with ExitStack() as lines:
        for _ in range(100):
            lines.enter_context(served.open_line("GET /healthz HTTP/1.1\nHo"))

        assert served.answers()


def first_line(line: socket.socket) -> str:
    with line:
        return line.recv(4096).split(b"\r\n")[0].decode()


def test_a_body_too_large_is_413_though_it_is_sent_whole(served: Served) -> None:
    reply = served.ask("POST", "/api/v1/bookings", {"notes": "x" * 500_000})

    assert reply.status == 413
    assert reply.headers["content-type"] == PROBLEM


def test_ten_megabytes_that_do_not_say_so_are_refused(served: Served) -> None:
    line = served.open_line(
        head(0).replace("Content-Length: 0", "Transfer-Encoding: chunked")
    )
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with line:
        try:
            for _ in range(160):
                line.sendall(piece)
            refused = line.recv(100).startswith(b"HTTP/1.1 413")
        except (BrokenPipeError, ConnectionResetError):
            refused = True

    assert refused
    assert served.answers()


def test_a_body_in_chunks_is_a_body(served: Served) -> None:
    chunked = head(0).replace("Content-Length: 0", "Transfer-Encoding: chunked")

    line = served.open_line(chunked + "2\n{}\n0\n\n")

    assert "422" in first_line(line)


def test_chunks_over_the_limit_are_413_and_not_cut_to_what_fits(
    served: Served,
) -> None:
    chunked = head(0).replace("Content-Length: 0", "Transfer-Encoding: chunked")
    body = "{}" + " " * 70_000 + "GARBAGE"

    line = served.open_line(f"{chunked}{len(body):x}\n{body}\n0\n\n")

    assert "413" in first_line(line)


@pytest.mark.parametrize(
    "bad",
    [
        head("-1"),
        head("x"),
        head("9" * 40),
        head("2\nContent-Length: 3") + "{}",
        "GET / HTTP/1.1\nHost: a\nX: a\x00b\n\n",
        "\x00\x01\x02\n\n",
        "GET /" + "x" * 100_000 + " HTTP/1.1\nHost: a\n\n",
    ],
    ids=lambda head: head[-20:],
)
def test_what_is_no_http_is_refused_and_the_house_lives(
    served: Served, bad: str
) -> None:
    line = served.open_line(bad)

    assert " 4" in first_line(line)
    assert served.answers()


def test_it_ends_without_a_word_though_lines_are_open(tmp_path: Path) -> None:
    with ExitStack() as lines:
        with serve(tmp_path) as served:
            for _ in range(10):
                line = lines.enter_context(served.open_line(HEALTH))
                assert "200" in line.recv(4096).decode()
        said = served.api.said

    assert "panic" not in said


def test_a_path_is_read_as_it_was_written(served: Served) -> None:
    reply = served.ask("GET", "/api/v1/bookings/%E2%82%AC%2F?x=%E2%82%AC")

    assert reply.status == 404
    reply = served.ask("GET", "/api/v1/bookings/%E2%82%AC")
    assert reply.json["detail"] == "There is no booking '€'."
