"""The bridge from granian to Flask: what a request becomes, and who must wait."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from app.web.bodies import LARGEST_BODY, largest_body
from app.web.bridge import MOST_READ, Bridge
from tests.door import PROBLEM, Door
from tests.house import ADMIN_KEY

KEY = (b"authorization", f"Bearer {ADMIN_KEY}".encode())
YOGA = b'{"name": "Yoga", "duration_minutes": 60}'


def scope(
    method: str = "POST",
    path: bytes = b"/api/v1/services",
    *,
    query: bytes = b"",
    headers: Sequence[tuple[bytes, bytes]] = (KEY,),
) -> dict[str, Any]:
    """Describe a request as granian does."""
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "headers": list(headers),
        "client": ("192.0.2.7", 1234),
        "server": ("127.0.0.1", 8000),
    }


def bridge(door: Door, *, body_within_s: float = 10) -> Bridge:
    return Bridge(
        door.app,
        threads=1,
        largest_body=largest_body,
        body_within_s=body_within_s,
    )


def asked(
    app: Bridge, request: dict[str, Any], *pieces: bytes | None
) -> list[Mapping[str, Any]]:
    """Send a body in pieces; None: the sender goes away; no more pieces: it stalls."""

    async def talk() -> list[Mapping[str, Any]]:
        sent: list[Mapping[str, Any]] = []
        waiting = list(pieces)

        async def receive() -> Mapping[str, Any]:
            if not waiting:
                await asyncio.Event().wait()
            piece = waiting.pop(0)
            if piece is None:
                return {"type": "http.disconnect"}
            more = piece != b""
            return {"type": "http.request", "body": piece, "more_body": more}

        async def send(message: Mapping[str, Any]) -> None:
            sent.append(message)

        await app(request, receive, send)
        return sent

    return asyncio.run(talk())


def told(sent: list[Mapping[str, Any]]) -> tuple[int, dict[str, str], Any]:
    """Return status, headers and the JSON of an answer."""
    start, body = sent
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], headers, json.loads(body["body"])


def test_a_body_in_pieces_is_one_body(door: Door) -> None:
    pieces = [YOGA[i : i + 7] for i in range(0, len(YOGA), 7)]

    status, headers, answer = told(asked(bridge(door), scope(), *pieces, b""))

    assert status == 201
    assert headers["content-type"] == "application/json"
    assert headers["location"] == f"/api/v1/services/{answer['id']}"
    assert answer["name"] == "Yoga"


def test_a_body_that_comes_too_slowly_is_408(door: Door) -> None:
    status, headers, answer = told(
        asked(bridge(door, body_within_s=0.05), scope(), YOGA[:9])
    )

    assert status == 408
    assert headers["content-type"] == PROBLEM
    assert answer["detail"] == "The body did not come in time."
    assert door.get("/services").json["data"] == []


def test_a_stranger_who_sends_slowly_is_a_stranger_first(door: Door) -> None:
    status, _, _ = told(
        asked(bridge(door, body_within_s=0.05), scope(headers=()), b"{")
    )

    assert status == 401


def test_a_sender_who_goes_away_is_not_answered(door: Door) -> None:
    assert asked(bridge(door), scope(), YOGA[:9], None) == []
    assert door.get("/services").json["data"] == []


def test_no_more_is_read_of_what_is_much_too_large(door: Door) -> None:
    piece = b"x" * LARGEST_BODY
    pieces = [piece] * (MOST_READ // LARGEST_BODY + 1)

    # Nothing follows: were more read, the bridge would wait for it.
    status, headers, _ = told(asked(bridge(door), scope(), *pieces))

    assert status == 413
    assert headers["content-type"] == PROBLEM


def test_what_is_a_little_too_large_is_read_and_refused(door: Door) -> None:
    whole = YOGA.ljust(LARGEST_BODY)

    too_large, _, _ = told(asked(bridge(door), scope(), whole, b" ", b""))
    fits, _, _ = told(asked(bridge(door), scope(), whole, b""))

    assert (too_large, fits) == (413, 201)


def test_what_is_no_request_is_left_alone(door: Door) -> None:
    assert asked(bridge(door), {**scope(), "type": "lifespan"}) == []


def environ_of(request: dict[str, Any]) -> dict[str, Any]:
    """Return what a WSGI application is told of a request."""
    seen: dict[str, Any] = {}

    def look(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        seen.update(environ)
        start("204 No Content", [])
        return []

    asked(Bridge(look, threads=1, largest_body=lambda _path: 100), request, b"")
    return seen


def test_a_request_is_described_as_wsgi_wants_it() -> None:
    environ = environ_of(
        scope(
            "GET",
            b"/b/%C3%A9%2Fx%00",
            query=b"q=%C3%A9&x=1",
            headers=[
                (b"host", b"example.com"),
                (b"x-one", b"a"),
                (b"x-one", b"b"),
                (b"x-latin", b"\xe9"),
                (b"content-type", b"text/plain"),
                (b"content-length", b"7"),
            ],
        )
    )

    assert environ["REQUEST_METHOD"] == "GET"
    assert environ["PATH_INFO"].encode("latin-1") == "/b/é/x\0".encode()
    assert environ["QUERY_STRING"] == "q=%C3%A9&x=1"
    assert environ["HTTP_HOST"] == "example.com"
    assert environ["HTTP_X_ONE"] == "a,b"
    assert environ["HTTP_X_LATIN"] == "\xe9"
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert environ["CONTENT_LENGTH"] == "0", "what was read counts, not what was said"
    assert environ["REMOTE_ADDR"] == "192.0.2.7"
    assert environ["wsgi.url_scheme"] == "http"
    assert not {"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"} & environ.keys()


def test_an_answer_of_many_chunks_is_closed_when_it_is_told() -> None:
    class Chunks:
        closed = False

        def __iter__(self) -> Any:
            return iter([b"a", b"b"])

        def close(self) -> None:
            self.closed = True

    chunks = Chunks()

    def answer(_environ: Any, start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [("X-Name", "\xe9")])
        return chunks

    sent = asked(
        Bridge(answer, threads=1, largest_body=lambda _path: 100), scope(), b""
    )

    assert sent == [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"x-name", b"\xe9")],
        },
        {"type": "http.response.body", "body": b"ab"},
    ]
    assert chunks.closed
