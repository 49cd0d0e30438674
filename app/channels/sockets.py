"""Sockets that obey one deadline for a whole conversation, however slowly it trickles.

Used by `http.py` and `smtp_session.py`. The libraries' own time-outs count per read: a
server that sends a byte a second would hold the only worker thread for ever. Nothing
here knows what is said over the line.
"""

from __future__ import annotations

import queue
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import certifi

#: Seconds that one of several addresses of a host gets at least (a dead IPv6 route).
MIN_TRY_S = 1.0
#: Bytes that a server may say in one conversation; an answer has a few hundred.
MAX_RECEIVED = 1024 * 1024


class Conversation:
    """One exchange with a server: until when, how much, and whether our part is out.

    `sent` is set by the protocol when the last byte of a request or message has been
    handed to the operating system: before that the server cannot have taken it.
    """

    def __init__(self, *, total_s: float, connect_s: float) -> None:
        self.sent = False
        self.connect_s = connect_s
        self._ends_at = time.monotonic() + total_s
        self._may_receive = MAX_RECEIVED

    @property
    def remaining_s(self) -> float:
        """The seconds until the deadline; 0 when it has passed."""
        return max(self._ends_at - time.monotonic(), 0.0)

    @property
    def is_over(self) -> bool:
        """Whether the deadline has passed."""
        return self.remaining_s == 0

    def seconds_left(self) -> float:
        """Return the seconds until the deadline; raise TimeoutError when it passed."""
        left = self.remaining_s
        if left == 0:
            raise TimeoutError("the deadline of the conversation has passed")
        return left

    def count_received(self, count: int) -> None:
        """Count bytes that came in; raise OSError when it is too much of an answer."""
        self._may_receive -= count
        if self._may_receive < 0:
            raise OSError("the answer is too long")


# What nobody has answered yet ends with its socket, even if we are killed. The system
# would go on sending it behind our back, for minutes over a line that was cut: long
# after another worker has asked the provider, and has sent the message again.
_PAIR = "hh" if sys.platform == "win32" else "ii"
_TAKE_BACK = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_PAIR, 1, 0))
_LEAVE_IN_ORDER = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_PAIR, 0, 0))

_current: ContextVar[Conversation] = ContextVar("conversation")


@contextmanager
def conversation(*, total_s: float, connect_s: float) -> Iterator[Conversation]:
    """Begin a conversation; every socket of this module obeys it until it ends."""
    begun = Conversation(total_s=total_s, connect_s=connect_s)
    token = _current.set(begun)
    try:
        yield begun
    finally:
        _current.reset(token)


def current_conversation() -> Conversation:
    """Return the conversation in hand."""
    return _current.get()


class PlainSocket(socket.socket):
    """A socket whose every read and write ends with the conversation."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Read within the deadline."""
        self.settimeout(_current.get().seconds_left())
        count = super().recv_into(*args, **kwargs)
        self.setsockopt(*_LEAVE_IN_ORDER)
        _current.get().count_received(count)
        return count

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        """Write within the deadline."""
        self.settimeout(_current.get().seconds_left())
        self.setsockopt(*_TAKE_BACK)
        super().sendall(*args, **kwargs)


class TlsSocket(ssl.SSLSocket):
    """The same over TLS; contexts made by `tls_context` wrap into it."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - ssl's
        """Shake hands within the deadline, and within what is left for connecting.

        After STARTTLS the socket's time-out still is the one of the last read.
        """
        left = _current.get().seconds_left()
        given = self.gettimeout()
        self.settimeout(left if given is None else min(given, left))
        super().do_handshake(block)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Read within the deadline."""
        self.settimeout(_current.get().seconds_left())
        count = super().recv_into(*args, **kwargs)
        self.setsockopt(*_LEAVE_IN_ORDER)
        _current.get().count_received(count)
        return count

    def send(self, *args: Any, **kwargs: Any) -> int:
        """Write within the deadline (`sendall` calls this for each part)."""
        self.settimeout(_current.get().seconds_left())
        self.setsockopt(*_TAKE_BACK)
        return super().send(*args, **kwargs)


def open_socket(host: str, port: int) -> PlainSocket:
    """Connect within the conversation's connect time, over all addresses together.

    What is left of that time is set as the socket's time-out: a TLS handshake that
    follows is a part of connecting.
    """
    talk = _current.get()
    ends_at = time.monotonic() + min(talk.connect_s, talk.seconds_left())
    addresses = _resolved(host, port, within_s=ends_at - time.monotonic())
    failure = OSError("the host has no address")
    for position, (family, address) in enumerate(addresses):
        left = ends_at - time.monotonic()
        if left <= 0:
            break
        share = min(left, max(MIN_TRY_S, left / (len(addresses) - position)))
        try:
            return _connected(family, address, share, ends_at)
        except OSError as error:
            failure = error
    raise failure


def tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Make a context that verifies certificates and host names.

    It trusts what this machine trusts and the public authorities that come with
    Python's `certifi` (a bare Windows or container knows few), or `ca_file` alone.
    """
    context = ssl.create_default_context(cafile=ca_file)
    if ca_file is None:
        context.load_verify_locations(cafile=certifi.where())
    context.sslsocket_class = TlsSocket
    return context


def _resolved(
    host: str, port: int, *, within_s: float
) -> list[tuple[socket.AddressFamily, Any]]:
    """Ask for the host's addresses in a thread of its own.

    The system's resolver takes no time-out and would wait half a minute for a silent
    name server; the thread then ends by itself, unheard.
    """
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=within_s)
    except queue.Empty:
        raise _SilentResolverError(socket.EAI_AGAIN, "no answer in time") from None
    if isinstance(answer, UnicodeError):
        raise socket.gaierror(socket.EAI_NONAME, "not a host name")
    if isinstance(answer, OSError):
        raise answer
    return [(family, address) for family, _, _, _, address in answer]


class _SilentResolverError(socket.gaierror, TimeoutError):
    """Raised when no name server answered in time: both of the two."""


def _connected(
    family: socket.AddressFamily, address: Any, try_s: float, ends_at: float
) -> PlainSocket:
    sock = PlainSocket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(try_s)
        sock.connect(address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(max(ends_at - time.monotonic(), 0.001))
    except BaseException:
        sock.close()
        raise
    return sock
