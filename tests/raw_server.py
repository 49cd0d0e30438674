"""A real TCP server whose every word a test chooses: for what no honest server does.

`with RawServer(script) as server:` serves each connection with `script(line)` in a
thread of its own; `server.port` is where. When the script ends, the line is closed.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

#: Where the tests' certificates are (see the README there).
CERTIFICATES = Path(__file__).parent / "certificates"
#: Seconds after which a forgotten connection ends by itself.
PATIENCE_S = 20.0


class Line:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, over: threading.Event) -> None:
        self.sock = sock
        self._over = over
        self._unread = b""

    def say(self, words: bytes) -> None:
        """Send."""
        self.sock.sendall(words)

    def read_line(self) -> bytes:
        """Return the next line without its end; raise ConnectionError at the end."""
        return self.read_until(b"\r\n")

    def read_until(self, mark: bytes) -> bytes:
        """Return what comes before the mark."""
        while mark not in self._unread:
            more = self.sock.recv(65536)
            if not more:
                raise ConnectionError("the client has gone")
            self._unread += more
        found, _, self._unread = self._unread.partition(mark)
        return found

    def read_request(self) -> bytes:
        """Return one HTTP request, head and body."""
        head = self.read_until(b"\r\n\r\n")
        length = next(
            (
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            ),
            0,
        )
        while len(self._unread) < length:
            self._unread += self.sock.recv(65536)
        body, self._unread = self._unread[:length], self._unread[length:]
        return head + b"\r\n\r\n" + body

    def reset(self) -> None:
        """Cut the line: the client sees a connection reset."""
        linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.sock.close()

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self.sock = context.wrap_socket(self.sock, server_side=True)

    def trickle(self, words: bytes, *, every_s: float = 0.05) -> None:
        """Send one byte at a time."""
        for byte in words:
            if self._over.wait(every_s):
                return
            self.say(bytes([byte]))

    def pause(self, seconds: float) -> None:
        """Say nothing for a while."""
        self._over.wait(seconds)

    def hang(self) -> None:
        """Say nothing until the test is over."""
        self._over.wait(PATIENCE_S)


class RawServer:
    """Listens on a free port of this machine; `connections` counts who came."""

    def __init__(self, script: Callable[[Line], None]) -> None:
        self._script = script
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lines: list[Line] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.connections = 0

    @property
    def url(self) -> str:
        """Its address for HTTP."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._run(self._listen)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every connection."""
        self._over.set()
        with socket.socket() as waker:  # wakes the listener
            waker.connect(("127.0.0.1", self.port))
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        self._socket.close()

    def _listen(self) -> None:
        while True:
            sock, _ = self._socket.accept()
            if self._over.is_set():
                sock.close()
                return
            self.connections += 1
            sock.settimeout(PATIENCE_S)
            self._run(self._serve, Line(sock, self._over))

    def _serve(self, line: Line) -> None:
        self._lines.append(line)
        with contextlib.suppress(OSError):
            self._script(line)
        line.sock.close()

    def _run(self, deed: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=deed, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()
