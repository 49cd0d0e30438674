"""The HTTP client: what goes out, what comes back, and the kept connection."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
from pathlib import Path

import pytest

from app.channels import http
from app.channels.http import HttpClient
from app.channels.http_answers import Answer, Failure, Fate
from tests.http_scripts import OK, answering, forever, get
from tests.raw_server import Line, RawServer


def test_an_answer_has_status_headers_and_body() -> None:
    answer = b"HTTP/1.1 429 No\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nwait"
    client = HttpClient()

    with RawServer(answering(answer)) as server:
        got = get(client, server.url)
        client.close()

    assert isinstance(got, Answer)
    assert (got.status, got.body) == (429, b"wait")
    assert got.headers["retry-after"] == "7"


def test_a_form_and_json_go_out_as_they_should() -> None:
    seen = []

    def script(line: Line) -> None:
        for _ in range(2):
            seen.append(line.read_request())
            line.say(OK)

    client = HttpClient()
    with RawServer(script) as server:
        client.post_form(server.url, fields={"To": "+49"}, headers={"X-Mark": "1"})
        client.post_json(server.url, payload={"to": "ä"}, headers={})
        client.close()

    form, json = seen
    assert form.endswith(b"\r\n\r\nTo=%2B49")
    assert b"\r\nX-Mark: 1\r\n" in form
    assert b"\r\nUser-Agent: Bellhop/" in form
    assert json.endswith(b'\r\n\r\n{"to": "\\u00e4"}')


def test_a_packed_body_that_is_honest_is_unpacked() -> None:
    body = gzip.compress(b'{"sid": "SM1"}')
    head = b"HTTP/1.1 201 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    client = HttpClient()

    with RawServer(answering(head % len(body) + body)) as server:
        answer = get(client, server.url)
        client.close()

    assert isinstance(answer, Answer)
    assert answer.json_object() == {"sid": "SM1"}


def test_the_connection_is_kept_from_call_to_call() -> None:
    client = HttpClient()

    with RawServer(forever) as server:
        answers = [get(client, server.url) for _ in range(5)]
        client.close()

    assert all(isinstance(answer, Answer) for answer in answers)
    assert server.connections == 1


def test_each_server_is_asked_what_is_meant_for_it() -> None:
    client = HttpClient()

    with RawServer(forever) as first, RawServer(forever) as second:
        answers = [get(client, it.url) for it in (first, second, second, first)]
        client.close()

    assert all(isinstance(answer, Answer) for answer in answers)
    # Only the last one's connection is kept.
    assert (first.connections, second.connections) == (2, 1)


def test_an_idle_connection_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "KEEP_S", -1.0)
    client = HttpClient()

    with RawServer(forever) as server:
        get(client, server.url)
        get(client, server.url)
        client.close()

    assert server.connections == 2


def test_a_connection_that_the_server_closed_meanwhile_is_replaced() -> None:
    closed = threading.Event()

    def once(line: Line) -> None:
        line.read_request()
        line.say(OK)
        line.sock.shutdown(socket.SHUT_RDWR)
        closed.set()

    client = HttpClient()
    with RawServer(once) as server:
        get(client, server.url)
        closed.wait(5)
        second = get(client, server.url)
        client.close()

    assert isinstance(second, Answer)
    assert server.connections == 2


def test_a_request_that_never_left_whole_is_known_not_to_be_sent() -> None:
    def reset_in_the_middle(line: Line) -> None:
        line.read_until(b"\r\n\r\n")
        line.reset()

    client = HttpClient()
    with RawServer(reset_in_the_middle) as server:
        answer = client.post_form(
            server.url, fields={"Body": "x" * 30_000_000}, headers={}
        )

    assert isinstance(answer, Failure)
    assert answer.fate is Fate.NOT_SENT


def test_a_redirect_is_an_answer_and_not_a_journey() -> None:
    with RawServer(forever) as elsewhere:
        moved = b"HTTP/1.1 307 Go\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n"
        client = HttpClient()
        with RawServer(answering(moved % elsewhere.url.encode())) as server:
            answer = get(client, server.url)
            client.close()

    assert isinstance(answer, Answer)
    assert answer.status == 307
    assert elsewhere.connections == 0


def test_neither_cookies_nor_proxies_nor_netrc_have_a_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password secret")
    monkeypatch.setenv("NETRC", str(netrc))
    seen = []

    def script(line: Line) -> None:
        for _ in range(2):
            seen.append(line.read_request())
            line.say(OK.replace(b"OK\r\n", b"OK\r\nSet-Cookie: a=b\r\n", 1))

    client = HttpClient()
    with RawServer(script) as server:
        answers = [get(client, server.url) for _ in range(2)]
        client.close()

    assert all(isinstance(answer, Answer) for answer in answers)
    assert b"cookie" not in seen[1].lower()
    assert b"authorization" not in seen[0].lower()


def test_no_log_line_holds_the_address_that_holds_the_recipient(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    odd = b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 0\r\n\r\n"
    client = HttpClient()

    with RawServer(answering(odd)) as server:
        client.get(server.url, params={"To": "+4915112345678"}, headers={})
        client.close()

    assert "4915112345678" not in caplog.text


def test_closing_twice_and_going_on_are_safe() -> None:
    client = HttpClient()

    with RawServer(forever) as server:
        client.close()
        client.close()
        answer = get(client, server.url)
        client.close()

    assert isinstance(answer, Answer)
