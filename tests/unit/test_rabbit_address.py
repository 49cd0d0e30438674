"""What a RabbitMQ address says, and what the server's errors are called."""

from __future__ import annotations

import socket
import ssl

import pika
import pytest

from app.broker.rabbit_address import parameters_of, read_address, reason_of


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("amqp://rabbit", ("rabbit", 5672, "guest", "guest", "/")),
        ("amqp://rabbit/", ("rabbit", 5672, "guest", "guest", "/")),
        ("amqp://rabbit/%2F", ("rabbit", 5672, "guest", "guest", "/")),
        ("amqp://rabbit:1234/shop", ("rabbit", 1234, "guest", "guest", "shop")),
        ("amqps://bob:p%40ss@rabbit", ("rabbit", 5671, "bob", "p@ss", "/")),
        ("amqp://bob@[::1]/a%2Fb", ("::1", 5672, "bob", "guest", "a/b")),
    ],
)
def test_address_says_where_and_as_whom(
    url: str, place: tuple[str, int, str, str, str]
) -> None:
    found = read_address(url)

    assert place == (
        found.host,
        found.port,
        found.user,
        found.password,
        found.virtual_host,
    )


def test_address_never_shows_its_password() -> None:
    assert "geheim" not in repr(read_address("amqp://bob:geheim@rabbit"))


def test_encrypted_line_verifies_the_servers_certificate() -> None:
    address = read_address("amqps://rabbit")

    options = parameters_of(address, heartbeat_s=10, within_s=1).ssl_options

    assert options.context.verify_mode is ssl.CERT_REQUIRED
    assert options.context.check_hostname
    assert options.server_hostname == "rabbit"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (pika.exceptions.ProbableAuthenticationError("x"), "refuses the login"),
        (pika.exceptions.ProbableAccessDeniedError("x"), "has no such vhost"),
        (
            pika.exceptions.ConnectionClosedByBroker(530, "connection limit (1)"),
            "no connection left",
        ),
        (
            pika.exceptions.ChannelClosedByBroker(
                406, "PRECONDITION_FAILED - delivery acknowledgement on channel 1"
            ),
            "in hand for too long",
        ),
        (
            pika.exceptions.ChannelClosedByBroker(
                406, "PRECONDITION_FAILED - inequivalent arg 'durable' in vhost '/'"
            ),
            "with other settings",
        ),
        (
            pika.exceptions.ChannelClosedByBroker(403, "ACCESS_REFUSED - queue 'x'"),
            "denies a command",
        ),
        (
            pika.exceptions.ConnectionClosedByBroker(320, "CONNECTION_FORCED - stop"),
            "closed the connection",
        ),
        (pika.exceptions.AMQPHeartbeatTimeout("x"), "does not answer"),
        (pika.exceptions.ConnectionBlockedTimeout("x"), "does not answer"),
        (pika.exceptions.StreamLostError("x"), "cannot be reached"),
        (socket.gaierror(-2, "Name or service not known"), "name that cannot be found"),
        (ssl.SSLCertVerificationError("CERTIFICATE_VERIFY_FAILED"), "certificate"),
        (OSError(24, "Too many open files"), "cannot be reached"),
        (ValueError("geheim"), "ValueError"),
    ],
)
def test_error_is_named_in_plain_words(error: Exception, words: str) -> None:
    assert words in reason_of(error)
    assert "geheim" not in reason_of(error)
