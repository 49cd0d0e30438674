"""HTTP/1.1 on a raw socket: requests in, answers out, and the ways to fail at it.

Used by `http_server.py` for every connection. Never knows what a request means.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

#: Bytes of head and body that are read before the request is refused.
MAX_HEAD = 64 * 1024
MAX_BODY = 4 * 1024 * 1024
MAX_LENGTH_DIGITS = 10
#: Seconds a kept-alive connection may be silent.
IDLE_TIMEOUT_S = 300.0
#: Seconds the peer may take to close after the server has.
LAST_WORDS_TIMEOUT_S = 1.0
#: Seconds between two bytes of a trickled answer.
TRICKLE_PAUSE_S = 1.0

_PHRASES = {int(status): status.phrase for status in HTTPStatus}
#: With this option `close` sends RST instead of FIN; Windows counts in shorts.
_LINGER_ZERO = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request; header names are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    keep_alive: bool = True


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One HTTP answer; Date and Content-Length are added where they are missing."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(
    status: int, content: object, *, headers: Mapping[str, str] | None = None
) -> Answer:
    """Answer with JSON."""
    return Answer(
        status=status,
        body=json.dumps(content, separators=(",", ":")).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )


def read_json(body: bytes) -> Any:
    """Return the JSON in a body; None where there is none that can be read."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def reset_on_close(connected: socket.socket) -> None:
    """Make closing this socket cut the line (RST) instead of ending it (FIN)."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)


class HttpLine:
    """The server's end of one connection."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(IDLE_TIMEOUT_S)
        self._buffer = b""

    def read_request(self) -> Request | Answer | None:
        """Read the next request; an Answer says why not, None that the peer left."""
        head = self._read_head()
        if head is None or isinstance(head, Answer):
            return head
        request = _parsed(head)
        if request is None:
            return _refused(400, "This is not an HTTP request.")
        return self._with_body(request)

    def write(self, answer: Answer) -> None:
        """Send an answer in one piece; close if that is what it says."""
        self._socket.sendall(_bytes(answer))
        if answer.headers.get("Connection") == "close":
            self.finish()

    def trickle(self, answer: Answer, *, pause: Callable[[], bool]) -> None:
        """Send an answer one byte at a time, until `pause` says it is over."""
        for byte in _bytes(answer):
            self._socket.sendall(bytes([byte]))
            if pause():
                break
        self.finish()

    def hang(self) -> None:
        """Say nothing until the peer leaves or `wake` is called, then close."""
        self._socket.settimeout(None)
        with suppress(OSError):
            while self._socket.recv(65536):
                pass
        self.close()

    def wake(self) -> None:
        """End a `hang`; called from another thread."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        """Close so that the peer gets what was written; harmless when closed."""
        with suppress(OSError):
            # What the peer still sends must be read: closing over it would reset.
            self._socket.shutdown(socket.SHUT_WR)
            self._socket.settimeout(LAST_WORDS_TIMEOUT_S)
            while self._socket.recv(65536):
                pass
        self.close()

    def cut(self) -> None:
        """Cut the line: the peer sees a connection reset."""
        reset_on_close(self._socket)
        self.close()

    def close(self) -> None:
        """Close the connection; harmless when it is closed."""
        self._socket.close()

    def _read_head(self) -> str | Answer | None:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MAX_HEAD:
                return _refused(431, "The request's head is too long.")
            if not self._receive():
                return None
        head = self._buffer[:end].decode("latin-1")
        self._buffer = self._buffer[end + 4 :]
        return head

    def _with_body(self, request: Request) -> Request | Answer | None:
        length = request.headers.get("content-length", "0")
        if "transfer-encoding" in request.headers or not length.isdecimal():
            return _refused(411, "Send the body with a Content-Length.")
        if len(length) > MAX_LENGTH_DIGITS or int(length) > MAX_BODY:
            return _refused(413, "The body is too large.")
        if request.headers.get("expect", "").lower() == "100-continue":
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(self._buffer) < int(length):
            if not self._receive():
                return None
        body, self._buffer = self._buffer[: int(length)], self._buffer[int(length) :]
        return Request(**{**vars(request), "body": body})

    def _receive(self) -> bool:
        chunk = self._socket.recv(65536)
        self._buffer += chunk
        return bool(chunk)


def _parsed(head: str) -> Request | None:
    first, *lines = head.split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return None
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    path, _, query = words[1].partition("?")
    keep_alive = "close" not in headers.get("connection", "").lower()
    return Request(
        method=words[0],
        path=unquote(path),
        query=query,
        headers=headers,
        keep_alive=keep_alive and words[2] != "HTTP/1.0",
    )


def _refused(status: int, sentence: str) -> Answer:
    return json_answer(status, {"error": sentence}, headers={"Connection": "close"})


def _bytes(answer: Answer) -> bytes:
    phrase = _PHRASES.get(answer.status, "")
    headers = {
        "Date": formatdate(usegmt=True),
        "Content-Length": str(len(answer.body)),
        **answer.headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {answer.status} {phrase}\r\n{lines}\r\n"
    return head.encode("latin-1") + answer.body
