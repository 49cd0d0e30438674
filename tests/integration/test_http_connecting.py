"""The HTTP client where no connection comes about: nothing was sent."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import time

import pytest

from app.channels import sockets
from app.channels.http import HttpClient
from app.channels.http_answers import Answer, Failure, Fate
from app.domain.outcomes import Fault
from tests.http_scripts import OK, forever, get
from tests.raw_server import CERTIFICATES, Line, RawServer

#: Seconds given to a call that hangs, and what it may take over that.
TOTAL_S = 0.3
SLACK_S = 0.5


def not_sent(reason: str, *, fault: Fault = Fault.DOWN) -> Failure:
    return Failure(fate=Fate.NOT_SENT, reason=reason, fault=fault)


def test_a_refused_connection_is_known_not_to_be_sent() -> None:
    with RawServer(forever) as server:
        gone = server.url

    answer = get(HttpClient(), gone)

    assert answer == not_sent("the connection was refused")


def test_a_host_that_does_not_exist_is_known_not_to_be_sent() -> None:
    answer = get(HttpClient(connect_s=1.0), "http://nowhere.invalid/")

    assert answer == not_sent("the host was not found (DNS)")


@pytest.mark.parametrize("url", ["nonsense", "http://", "http://[::1/", "ftp://a/"])
def test_an_address_that_is_none_is_known_not_to_be_sent(url: str) -> None:
    answer = get(HttpClient(), url)

    assert isinstance(answer, Failure)
    assert answer.fate is Fate.NOT_SENT


def test_a_name_server_that_is_silent_holds_us_no_longer_than_connecting_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(20) or [])
    began = time.monotonic()

    answer = get(HttpClient(connect_s=TOTAL_S), "http://api.example.com/")

    assert time.monotonic() - began < TOTAL_S + SLACK_S
    assert answer == not_sent("the host was not found (DNS)", fault=Fault.TIMEOUT)
    over.set()


@pytest.mark.skipif(sys.platform != "linux", reason="fills the queue of a Linux socket")
def test_a_dead_address_before_a_living_one_costs_a_part_of_the_time_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deaf = socket.create_server(("127.0.0.1", 0), backlog=0)
    callers = [socket.socket() for _ in range(4)]
    for caller in callers:
        caller.settimeout(0)
        caller.connect_ex(deaf.getsockname())
    monkeypatch.setattr(sockets, "MIN_TRY_S", 0.1)
    client = HttpClient(connect_s=1.0)
    began = time.monotonic()

    with RawServer(forever) as server:
        places = [deaf.getsockname(), ("127.0.0.1", server.port)]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", p) for p in places]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        answer = get(client, "http://api.example.com/")
        client.close()

    assert isinstance(answer, Answer)
    assert time.monotonic() - began < 1.0
    for each in (deaf, *callers):
        each.close()


def encrypted(line: Line) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "localhost.pem")
    line.start_tls(context)
    forever(line)


def secure_url(server: RawServer, host: str = "localhost") -> str:
    return f"https://{host}:{server.port}/"


def test_a_certificate_of_a_trusted_authority_is_accepted() -> None:
    client = HttpClient(ca_file=CERTIFICATES / "authority.pem")

    with RawServer(encrypted) as server:
        answers = [get(client, secure_url(server)) for _ in range(3)]
        client.close()

    assert all(isinstance(answer, Answer) for answer in answers), answers
    assert server.connections == 1


def test_a_certificate_of_an_unknown_authority_is_refused() -> None:
    with RawServer(encrypted) as server:
        answer = get(HttpClient(), secure_url(server))

    assert answer == not_sent("the certificate is not valid")


def test_a_certificate_for_another_name_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = HttpClient(ca_file=CERTIFICATES / "authority.pem")

    with RawServer(encrypted) as server:
        here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)
        answer = get(client, secure_url(server, host="api.example.com"))

    assert answer == not_sent("the certificate is not valid")


def test_a_server_without_tls_is_known_not_to_be_sent_to() -> None:
    with RawServer(lambda line: line.say(OK)) as server:
        answer = get(HttpClient(), secure_url(server))

    assert isinstance(answer, Failure)
    assert answer.fate is Fate.NOT_SENT


def test_a_handshake_that_never_ends_holds_us_no_longer_than_connecting_may() -> None:
    began = time.monotonic()

    with RawServer(lambda line: line.trickle(b"\x16\x03\x03\x0f\xff" * 50)) as server:
        answer = get(HttpClient(connect_s=TOTAL_S), secure_url(server))
        took = time.monotonic() - began

    assert took < TOTAL_S + SLACK_S
    assert answer == not_sent("there was no answer in time", fault=Fault.TIMEOUT)
