"""Encryption and login: never in clear text, never to a stranger."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable

import pytest

from app.channels.smtp import Smtp
from app.channels.smtp_session import MailServer, Security
from app.domain.outcomes import Fault, Result
from tests.mail_house import ROSA, MailHouse, delivering_to, letter, saying, smtp_to
from tests.raw_server import CERTIFICATES, Line, RawServer
from tests.simulator import Simulator

AUTHORITY = CERTIFICATES / "authority.pem"
CERTIFICATE = CERTIFICATES / "localhost.pem"


@pytest.mark.parametrize(
    ("security", "flag"),
    [(Security.STARTTLS, "--smtp-starttls-cert"), (Security.TLS, "--smtp-tls-cert")],
)
def test_letters_go_encrypted_and_logged_in_and_a_wrong_password_is_told(
    security: Security, flag: str
) -> None:
    flags = ["--smtp-user", "rosa", "--smtp-password", "s3cret", flag, str(CERTIFICATE)]
    with Simulator(fsync=False, flags=flags) as simulator:
        right = logging_in(simulator, security, "s3cret")
        wrong = logging_in(simulator, security, "guessed")
        taken = [right.send(letter()).result for _ in range(2)]
        refused = wrong.send(letter())
        simulator.add_fault("status", stage="auth", code=454, text="4.7.0 Not now")
        later = wrong.send(letter())
        right.close()
        wrong.close()
        entries = simulator.ledger()

    assert taken == [Result.ACCEPTED] * 2
    assert [entry["fields"]["login"] for entry in entries] == ["rosa"] * 2
    assert [entry["fields"]["tls"] for entry in entries] == [True] * 2
    assert refused.result is Result.CONFIG
    assert "guessed" not in refused.reason
    assert later.result is Result.TRANSIENT


def logging_in(simulator: Simulator, security: Security, password: str) -> Smtp:
    server = MailServer(
        host="localhost",
        port=simulator.smtp_port,
        security=security,
        user="rosa",
        password=password,
        ca_file=AUTHORITY,
    )
    return Smtp(server=server, sender=ROSA)


def test_a_server_without_a_login_is_not_sent_to_when_a_user_is_set() -> None:
    house = MailHouse()

    with delivering_to(house, login=("rosa", "s3cret")) as (provider, _):
        outcome = provider.send(letter())

    assert outcome.result is Result.CONFIG
    assert not any(b"mail" in command.lower() for command in house.commands)


@pytest.mark.parametrize("methods", [b"PLAIN LOGIN", b"XOAUTH2"])
def test_a_login_that_cannot_be_made_is_told(methods: bytes) -> None:
    house = MailHouse({b"EHLO": saying(b"250-here\r\n250 AUTH %s\r\n" % methods)})

    with delivering_to(house, login=("rosa", "pässwörd")) as (provider, _):
        outcome = provider.send(letter())

    assert outcome.result is Result.CONFIG
    assert "pässwörd" not in outcome.reason


def test_nothing_goes_in_clear_text_where_encryption_was_asked_for() -> None:
    house = MailHouse()

    with delivering_to(house, security=Security.STARTTLS, login=("rosa", "s3cret")) as (
        provider,
        _,
    ):
        outcome = provider.send(letter())

    assert (outcome.result, outcome.fault) == (Result.CONFIG, Fault.REFUSED)
    assert "STARTTLS" in outcome.reason
    assert [command[:4].upper() for command in house.commands] == [b"EHLO"]


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        (b"454 4.7.0 TLS not available\r\n", Result.TRANSIENT),
        (b"501 no\r\n", Result.CONFIG),
    ],
)
def test_a_refused_starttls_is_judged_by_its_code(reply: bytes, result: Result) -> None:
    offer = saying(b"250-here\r\n250 STARTTLS\r\n")
    house = MailHouse({b"EHLO": offer, b"STARTTLS": saying(reply)})

    with delivering_to(house, security=Security.STARTTLS) as (provider, _):
        outcome = provider.send(letter())

    assert outcome.result is result


def encrypted(line: Line) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    line.start_tls(context)
    MailHouse().serve(line)


def encrypted_later(line: Line) -> None:
    def start_tls(line: Line) -> None:
        line.say(b"220 go\r\n")
        encrypted(line)

    offer = saying(b"250-here\r\n250 STARTTLS\r\n")
    MailHouse({b"EHLO": offer, b"STARTTLS": start_tls}).serve(line)


KINDS = [(Security.TLS, encrypted), (Security.STARTTLS, encrypted_later)]


@pytest.mark.parametrize(("security", "script"), KINDS)
def test_a_certificate_of_an_unknown_authority_is_refused(
    security: Security, script: Callable[[Line], None]
) -> None:
    with RawServer(script) as server:
        provider = smtp_to(server, security=security, host="localhost")
        outcome = provider.send(letter())

    assert outcome.result is Result.CONFIG
    assert "certificate" in outcome.reason


@pytest.mark.parametrize(("security", "script"), KINDS)
def test_a_certificate_for_another_name_is_refused(
    security: Security,
    script: Callable[[Line], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with RawServer(script) as server:
        here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)
        provider = smtp_to(
            server, security=security, host="smtp.example.com", ca_file=AUTHORITY
        )
        outcome = provider.send(letter())

    assert outcome.result is Result.CONFIG
    assert "certificate" in outcome.reason


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_handshake_that_never_ends_holds_us_no_longer_than_the_deadline(
    security: Security,
) -> None:
    def agree_late_and_hang(line: Line) -> None:
        line.pause(0.7)
        line.say(b"220 go\r\n")
        line.hang()

    offer = saying(b"250-here\r\n250 STARTTLS\r\n")
    house = MailHouse({b"EHLO": offer, b"STARTTLS": agree_late_and_hang})
    silent = security is Security.TLS

    with RawServer(Line.hang if silent else house.serve) as server:
        began = time.monotonic()
        outcome = smtp_to(server, security=security).send(letter(), within_s=1.0)
        took = time.monotonic() - began

    assert took < 1.5
    assert (outcome.result, outcome.fault) == (Result.TRANSIENT, Fault.TIMEOUT)


def test_tls_towards_a_plain_port_says_what_to_look_at() -> None:
    with delivering_to(MailHouse(), security=Security.TLS) as (provider, _):
        outcome = provider.send(letter())

    assert (outcome.result, outcome.fault) == (Result.TRANSIENT, Fault.DOWN)
    assert "EMAIL_USE_SSL" in outcome.reason


def test_a_host_that_does_not_exist_is_tried_again_later() -> None:
    server = MailServer(host="nowhere.invalid", port=587, security=Security.STARTTLS)

    outcome = Smtp(server=server, sender=ROSA, connect_s=1.0).send(letter())

    assert (outcome.result, outcome.fault) == (Result.TRANSIENT, Fault.DOWN)
    assert "DNS" in outcome.reason
