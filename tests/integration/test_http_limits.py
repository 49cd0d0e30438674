"""The HTTP client against answers that are spoilt, endless or far too big."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from collections.abc import Callable

import pytest

from app.channels.base import CALL_S
from app.channels.http import BODY_LIMIT, HttpClient
from app.channels.http_answers import Answer, Failure, Fate
from app.domain.outcomes import Fault
from tests.http_scripts import answering, get
from tests.raw_server import Line, RawServer

#: Seconds given to a call that hangs, and what it may take over that.
WITHIN_S = 0.3
SLACK_S = 0.5


def failure_of(script: Callable[[Line], None], *, within_s: float = CALL_S) -> Failure:
    client = HttpClient()
    with RawServer(script) as server:
        answer = get(client, server.url, within_s=within_s)
        client.close()
    assert isinstance(answer, Failure), answer
    return answer


CREATED = b"HTTP/1.1 201 Created\r\n"
CHUNKED = CREATED + b"Transfer-Encoding: chunked\r\n\r\n"
PACKED = CREATED + b"Content-Encoding: gzip\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        CREATED + b"Content-Length: 100\r\n\r\nhalf of it",
        CHUNKED + b"5\r\nab",
        CHUNKED + b"zz\r\nab\r\n0\r\n\r\n",
        PACKED + b"Content-Length: 9\r\n\r\nnot gzip!",
        b"<html>Welcome to the guest network</html>\r\n\r\n",
        b"\x00\xff\xfe\x16\x03\x01" * 100,
        b"HTTP/1.1 999999 What\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
    ids=range(10),
)
def test_a_spoilt_answer_leaves_the_fate_unknown(answer: bytes) -> None:
    assert failure_of(answering(answer)).fate is Fate.UNKNOWN


def trickling(head: bytes) -> Callable[[Line], None]:
    def script(line: Line) -> None:
        line.read_request()
        line.say(head)
        line.trickle(b"x" * 1000)

    return script


def never_answering(line: Line) -> None:
    line.read_request()
    line.hang()


def continuing_for_ever(line: Line) -> None:
    line.read_request()
    line.trickle(b"HTTP/1.1 100 Continue\r\n\r\n" * 100, every_s=0.001)


@pytest.mark.parametrize(
    "script",
    [
        never_answering,
        trickling(b""),
        trickling(b"HTTP/1.1 200 OK\r\nX-Long: "),
        trickling(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        trickling(b"HTTP/1.1 200 OK\r\n\r\n"),
        continuing_for_ever,
    ],
    ids=["silence", "status", "header", "body", "endless body", "100 Continue"],
)
def test_a_slow_server_holds_us_no_longer_than_the_deadline(
    script: Callable[[Line], None],
) -> None:
    began = time.monotonic()

    failure = failure_of(script, within_s=WITHIN_S)

    assert time.monotonic() - began < WITHIN_S + SLACK_S
    assert failure == Failure(
        fate=Fate.UNKNOWN, reason="there was no answer in time", fault=Fault.TIMEOUT
    )


def test_a_flood_is_cut_off_long_before_the_deadline() -> None:
    def flooding(line: Line) -> None:
        line.read_request()
        while True:
            line.say(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    began = time.monotonic()
    failure = failure_of(flooding)

    assert failure.fate is Fate.UNKNOWN
    assert time.monotonic() - began < 5.0


def test_a_body_may_have_its_limit_and_no_byte_more() -> None:
    def sized(size: int) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size

    client = HttpClient()
    with RawServer(answering(sized(BODY_LIMIT), sized(BODY_LIMIT + 1))) as server:
        whole = get(client, server.url)
        too_long = get(client, server.url)

    assert isinstance(whole, Answer)
    assert len(whole.body) == BODY_LIMIT
    assert too_long == Failure(
        fate=Fate.UNKNOWN, reason="the answer could not be read", fault=Fault.DOWN
    )


def test_a_packed_body_that_swells_is_not_unpacked_whole() -> None:
    bomb = gzip.compress(bytes(64 * 1024 * 1024))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    client = HttpClient()

    with RawServer(answering(head % len(bomb) + bomb)) as server:
        tracemalloc.start()
        answer = get(client, server.url)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert isinstance(answer, Failure)
    assert peak < 2 * 1024 * 1024
