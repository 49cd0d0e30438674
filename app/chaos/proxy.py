"""A TCP proxy on the way to a real server: cut, closed, stalled, or speaking itself.

Used by the chaos run and by the tests. `with Proxy(host, port) as proxy:` listens at
`proxy.port`; with `encryption`, in TLS; with `address`, where other hosts can reach it.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

#: Closing with this option sends a reset, as the fall of a server does.
_RESET = struct.pack("ii", 1, 0)


class _Pipe:
    """One client's connection and ours to the server."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.is_stranded = False

    def cut(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Proxy:
    """Passes on every byte, unless told otherwise; all its threads end with it."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        encryption: ssl.SSLContext | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        self._target = (host, port)
        self._address = address
        self._encryption = encryption
        self._lock = threading.Lock()
        self._pipes: list[_Pipe] = []
        self._threads: list[threading.Thread] = []
        self._upward = threading.Event()  # from client to server
        self._downward = threading.Event()
        self._listener: socket.socket | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self.resume()
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        self.resume()
        for thread in self._threads:
            thread.join(5)

    def open(self) -> None:
        """Listen, at the same port as before."""
        self._listener = socket.create_server((self._address, self.port))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept, self._listener)

    def close(self) -> None:
        """Go away: cut what there is, and refuse what comes."""
        if self._listener is None:
            return
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Reset all connections that there are."""
        with self._lock:
            pipes, self._pipes = self._pipes, []
        for pipe in pipes:
            pipe.cut()

    def stall(self) -> None:
        """Take every byte and pass on none; new connections are accepted."""
        self._upward.clear()
        self._downward.clear()

    def resume(self) -> None:
        """Pass on what was kept back, and all that comes."""
        self._upward.set()
        self._downward.set()

    def strand(self) -> None:
        """Pass nothing more on over the connections that there are, without a word."""
        with self._lock:
            for pipe in self._pipes:
                pipe.is_stranded = True

    def say(self, words: bytes, *, and_listen: bool) -> None:
        """Tell all clients something in the server's name; pass on theirs, or not."""
        if and_listen:
            self._upward.set()
        else:
            self._upward.clear()
        with self._lock:
            for pipe in self._pipes:
                pipe.client.sendall(words)

    def _start(self, deed: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=deed, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                pipe = self._pipe(client)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._pipes.append(pipe)
            way_up = (pipe, pipe.client, pipe.server, self._upward)
            way_down = (pipe, pipe.server, pipe.client, self._downward)
            self._start(self._pass_on, *way_up)
            self._start(self._pass_on, *way_down)

    def _pipe(self, client: socket.socket) -> _Pipe:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._encryption is not None:
            client = self._encryption.wrap_socket(client, server_side=True)
        server = socket.create_connection(self._target)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Pipe(client, server)

    def _pass_on(
        self,
        pipe: _Pipe,
        source: socket.socket,
        target: socket.socket,
        flows: threading.Event,
    ) -> None:
        try:
            while words := source.recv(65536):
                flows.wait()
                if not pipe.is_stranded:
                    target.sendall(words)
        except OSError:
            pass  # it was cut
        if pipe.is_stranded:
            return  # even that the server has given up is not passed on
        with self._lock:
            if pipe in self._pipes:
                self._pipes.remove(pipe)
        pipe.cut()
