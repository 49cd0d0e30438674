"""Reads each request whole before a thread is given to it, then calls Flask (WSGI).

Granian calls this as an ASGI application. A thread that waited for a body would be lost
to everybody as long as its sender likes: four slow senders would stop the house. Here
they cost some memory, for at most so many seconds.
"""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug.exceptions import RequestTimeout

from app.services.patience import MOST_WAITING

#: What ASGI calls a message and the two ways of exchanging them.
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

#: Seconds in which a body must be here. One of 64 KiB takes two on a bad telephone.
BODY_WITHIN_S = 15.0
#: Bytes of a body that is too large which are still read: whoever is cut off in the
#: middle of sending sees a broken line instead of our 413.
MOST_READ = 2 * 1024 * 1024


class Bridge:
    """An ASGI application that answers with a WSGI one, on threads of its own."""

    def __init__(
        self,
        app: WsgiApp,
        *,
        threads: int,
        largest_body: Callable[[str], int],
        body_within_s: float = BODY_WITHIN_S,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._app = app
        self._largest_body = largest_body
        self._body_within_s = body_within_s
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="answer")
        # Whoever asks to wait (`?wait=10`) does so on threads beside the others.
        self._patient = ThreadPoolExecutor(most_waiting, thread_name_prefix="wait")
        self._seats = threading.Semaphore(most_waiting)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        body = await self._body(receive, self._largest_body(scope["path"]))
        if body is None:
            return  # the sender has gone
        environ = _environ(scope, body)
        loop = asyncio.get_running_loop()
        if _may_wait(scope) and self._seats.acquire(blocking=False):
            threads, work = self._patient, self._answer_patiently
        else:
            threads, work = self._threads, self._answer
        answer = await loop.run_in_executor(threads, work, environ)
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in answer.headers
        ]
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": headers}
        )
        await send({"type": "http.response.body", "body": answer.body})

    async def _body(self, receive: Receive, largest: int) -> _Body | None:
        try:
            async with asyncio.timeout(self._body_within_s):
                return await self._whole(receive, largest)
        except TimeoutError:
            return _Body(is_late=True)

    async def _whole(self, receive: Receive, largest: int) -> _Body | None:
        """Read a body; of one that is too large just enough to see that it is."""
        body, read = bytearray(), 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk = message.get("body", b"")
            read += len(chunk)
            if len(body) <= largest:
                body += chunk[: largest + 1 - len(body)]
            if not message.get("more_body", False) or read > MOST_READ:
                return _Body(content=bytes(body))

    def _answer_patiently(self, environ: dict[str, Any]) -> _Answer:
        try:
            return self._answer(environ)
        finally:
            self._seats.release()

    def _answer(self, environ: dict[str, Any]) -> _Answer:
        answer = _Answer()
        chunks = self._app(environ, answer.start)
        try:
            answer.body = b"".join(chunks)
        finally:
            if close := getattr(chunks, "close", None):
                close()
        return answer


@dataclass(frozen=True, kw_only=True)
class _Body:
    """What was sent; or nothing, where it did not come in time."""

    content: bytes = b""
    is_late: bool = False


@dataclass
class _Answer:
    """What the WSGI application says."""

    status: int = 500
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def start(
        self, status: str, headers: list[tuple[str, str]], _error: Any = None
    ) -> Callable[[bytes], object]:
        """Take status and headers (WSGI's `start_response`)."""
        self.status = int(status.partition(" ")[0])
        self.headers = headers
        return io.BytesIO().write  # nobody writes by the old way


class _LateBody(io.RawIOBase):
    """A body that never came: whoever reads it answers 408."""

    def readable(self) -> bool:
        """Tell that it may be read."""
        return True

    def readinto(self, _buffer: Any) -> int:
        """Refuse the request."""
        raise RequestTimeout("The body did not come in time.")


def _may_wait(scope: Message) -> bool:
    return b"wait=" in scope["query_string"]


def _environ(scope: Message, body: _Body) -> dict[str, Any]:
    """Describe the request as WSGI does (PEP 3333): bytes as Latin-1 texts."""
    path, _, _ = scope["raw_path"].partition(b"?")
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope.get("client") else "",
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": _LateBody() if body.is_late else io.BytesIO(body.content),
        "wsgi.input_terminated": True,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        # The body is here in one piece: Werkzeug would take a chunked one for endless,
        # and cut it at the limit instead of refusing it.
        if name.lower() != b"transfer-encoding":
            _add_header(environ, name.decode("latin-1"), value.decode("latin-1"))
    if not body.is_late:
        environ["CONTENT_LENGTH"] = str(len(body.content))
    return environ


def _add_header(environ: dict[str, Any], name: str, value: str) -> None:
    key = name.upper().replace("-", "_")
    if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        key = f"HTTP_{key}"
    environ[key] = f"{environ[key]},{value}" if key in environ else value
