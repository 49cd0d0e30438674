"""One greeted, encrypted and logged-in connection to the mail server.

Used by `smtp.py` alone, within a conversation (`sockets.py`). Raises what `smtplib` and
the sockets raise; `opening_trouble` says what that means. Never talks in clear text
where encryption was asked for.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

from app.channels.smtp_replies import Step, refusal
from app.channels.sockets import current_conversation, open_socket, tls_context
from app.domain.outcomes import Fault, Outcome, Result


class Security(StrEnum):
    """How the connection is encrypted."""

    STARTTLS = "starttls"  # in clear until the server agrees; refused if it does not
    TLS = "tls"  # from the first byte
    NONE = "none"  # a server on this machine, or a trial


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Where the mail server is and how it is greeted."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = field(default="", repr=False)
    #: The only authority to trust, in place of this machine's.
    ca_file: Path | None = None


def open_session(server: MailServer) -> smtplib.SMTP:
    """Connect, encrypt and log in."""
    session = _Session(server)
    try:
        if server.security is Security.STARTTLS:
            session.starttls(context=_context(server.ca_file))
        session.ehlo_or_helo_if_needed()
        if server.user:
            session.login(server.user, server.password)
    except BaseException:
        session.close()
        raise
    return session


def opening_trouble(error: Exception) -> Outcome:
    """Judge why `open_session` failed: nothing was sent yet."""
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        # Words of type str are smtplib's own, about a reply it could not read.
        if isinstance(words, bytes) and 400 <= error.smtp_code < 600:
            return refusal(_step(error), error.smtp_code, words)
        return _transient("what answers does not speak SMTP", Fault.DOWN)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return _config(_missing(error))
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return _transient(*silence_or_cut())
    if isinstance(error, (smtplib.SMTPException, ValueError)) and not isinstance(
        error, ssl.SSLError
    ):
        return _config("no login that the mail server offers works with our password")
    return _unconnected(error)


def silence_or_cut() -> tuple[str, Fault]:
    """Say which of the two ended the conversation in hand."""
    if current_conversation().is_over:
        return "the mail server did not answer in time", Fault.TIMEOUT
    return "the mail server cut the connection", Fault.DOWN


class _Session(smtplib.SMTP):
    """smtplib's client over our sockets."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        super().__init__(server.host, server.port, local_hostname=_own_name())

    def _get_socket(self, host: str, port: int, _timeout: object) -> socket.socket:
        # The place where smtplib's own SMTP_SSL makes its socket, too.
        plain = open_socket(host, port)
        if self._server.security is not Security.TLS:
            return plain
        try:
            context = _context(self._server.ca_file)
            return context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise


@cache
def _context(ca_file: Path | None) -> ssl.SSLContext:
    return tls_context(ca_file)  # loading authorities takes 50 ms


def _own_name() -> str:
    """Name this host as RFC 5321 wants it, without asking DNS (slow on Windows)."""
    name = socket.gethostname()
    whole = re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", name)
    return name if whole else "[127.0.0.1]"


def _step(error: smtplib.SMTPResponseException) -> Step:
    login = isinstance(error, smtplib.SMTPAuthenticationError)
    return Step.LOGIN if login else Step.GREETING


def _missing(error: smtplib.SMTPNotSupportedError) -> str:
    if "STARTTLS" in str(error):
        return "the mail server offers no encryption (STARTTLS), and we send none clear"
    return "the mail server offers no login, but a user is set"


def _unconnected(error: Exception) -> Outcome:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _config("the mail server's certificate is not valid for EMAIL_HOST")
    fault = Fault.TIMEOUT if isinstance(error, TimeoutError) else Fault.DOWN
    for kind, words in _REASONS:
        if isinstance(error, kind):
            return _transient(f"the mail server could not be reached: {words}", fault)
    return _transient("the mail server could not be reached", fault)


_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (socket.gaierror, "the host was not found (DNS)"),
    (ConnectionRefusedError, "the connection was refused"),
    (TimeoutError, "there was no answer in time"),
    (ssl.SSLError, "no TLS; do EMAIL_PORT and EMAIL_USE_SSL fit together?"),
)


def _transient(reason: str, fault: Fault) -> Outcome:
    return Outcome(result=Result.TRANSIENT, reason=reason, fault=fault)


def _config(reason: str) -> Outcome:
    return Outcome(result=Result.CONFIG, reason=reason, fault=Fault.REFUSED)
