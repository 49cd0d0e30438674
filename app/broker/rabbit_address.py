"""Where a RabbitMQ server is, and its errors in plain words.

Used by the other `rabbit_*` modules and the chaos run alone: whoever queues on Redis
never loads pika.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import pika

from app.errors import StartError

UNREADABLE = (
    "BROKER_URL cannot be read; it looks like amqp://user:password@host:5672/vhost, "
    "with special characters in the password percent-encoded."
)
PLAIN_PORT, TLS_PORT = 5672, 5671

#: What is looked for in an error's class and text, and what it means. The first that is
#: found counts.
CAUSES = (
    (("ProbableAuthentication", "Login was refused"), "refuses the login"),
    (("connection limit", "channel limit"), "has no connection left to give"),
    (
        ("ProbableAccessDenied", "NOT_ALLOWED"),
        "has no such vhost, or not for this user",
    ),
    (("delivery acknowledgement",), "took back a ring that was in hand for too long"),
    (("CertificateError", "CERTIFICATE_VERIFY"), "shows a certificate we cannot trust"),
    (("SSL", "WRONG_VERSION_NUMBER"), "does not speak TLS as we do"),
    (("IncompatibleProtocol",), "does not speak AMQP 0-9-1"),
    (
        ("PRECONDITION_FAILED", "RESOURCE_LOCKED"),
        "has our queue with other settings: delete it there, it is made anew",
    ),
    (("ACCESS_REFUSED",), "denies a command to this user (permissions)"),
    (("CONNECTION_FORCED",), "closed the connection (it stops, or was told to)"),
    (("Timeout", "timed out"), "does not answer"),
    (("gaierror",), "has a name that cannot be found"),
    (("AMQPConnectionError", "OSError", "WrongState"), "cannot be reached"),
)


class RabbitError(Exception):
    """Raised when RabbitMQ does not do what it was asked; says why, for a person."""


@dataclass(frozen=True, kw_only=True)
class RabbitAddress:
    """A server, and as whom we come; never shows the password."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    virtual_host: str
    is_encrypted: bool


def read_address(url: str) -> RabbitAddress:
    """Return what an amqp(s):// URL says, or raise StartError without its password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise StartError(UNREADABLE) from None
    if parts.scheme not in ("amqp", "amqps") or not parts.hostname:
        raise StartError(UNREADABLE)
    is_encrypted = parts.scheme == "amqps"
    return RabbitAddress(
        host=parts.hostname,
        port=port or (TLS_PORT if is_encrypted else PLAIN_PORT),
        user=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        virtual_host=unquote(parts.path.removeprefix("/")) or "/",
        is_encrypted=is_encrypted,
    )


def parameters_of(
    address: RabbitAddress, *, heartbeat_s: int, within_s: float
) -> pika.ConnectionParameters:
    """Return what pika needs to connect once, in time."""
    encryption = None
    if address.is_encrypted:
        context = (
            ssl.create_default_context()
        )  # SSL_CERT_FILE names one's own authority
        encryption = pika.SSLOptions(context, server_hostname=address.host)
    return pika.ConnectionParameters(
        host=address.host,
        port=address.port,
        virtual_host=address.virtual_host,
        credentials=pika.PlainCredentials(
            address.user, address.password, erase_on_connect=True
        ),
        ssl_options=encryption,
        heartbeat=heartbeat_s,
        connection_attempts=1,
        socket_timeout=within_s,
        stack_timeout=within_s,
        client_properties={"connection_name": "bellhop"},
    )


def reason_of(error: BaseException) -> str:
    """Say in plain words what RabbitMQ's error means; no secret is in it."""
    names = " ".join(kind.__name__ for kind in type(error).__mro__)
    text = f"{names} {error!r}"
    for needles, meaning in CAUSES:
        if any(needle in text for needle in needles):
            return f"The queue server {meaning}."
    return f"The queue server answered with an error ({type(error).__name__})."
