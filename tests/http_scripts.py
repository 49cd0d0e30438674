"""What a raw server says as an HTTP server, and the shortest request to it."""

from __future__ import annotations

from collections.abc import Callable

from app.channels.base import CALL_S
from app.channels.http import HttpClient
from app.channels.http_answers import Answer, Failure
from tests.raw_server import Line

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answering(*answers: bytes) -> Callable[[Line], None]:
    """Answer the requests of a connection one by one, then close it."""

    def script(line: Line) -> None:
        for answer in answers:
            line.read_request()
            line.say(answer)

    return script


def forever(line: Line) -> None:
    """Answer every request of a connection."""
    while True:
        line.read_request()
        line.say(OK)


def get(client: HttpClient, url: str, *, within_s: float = CALL_S) -> Answer | Failure:
    """GET this address."""
    return client.get(url, params={}, headers={}, within_s=within_s)
