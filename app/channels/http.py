"""The one HTTP client of the house: one request, one small answer, one deadline.

Used by the providers that speak HTTP; the only module that imports `requests`. It goes
through `requests`' adapter without a session, so nothing is retried, redirected, kept
in a cookie or taken from the environment. It never judges what an answer means.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import DecodeError, HTTPError

from app import __version__
from app.channels.base import CALL_S
from app.channels.http_answers import Answer, Failure, Fate
from app.channels.http_connections import pool_manager
from app.channels.sockets import Conversation, conversation, tls_context
from app.domain.outcomes import Fault

#: Seconds for connecting, within those of the whole call.
CONNECT_S = 3.0
#: Bytes of an answer's body, unpacked; the answer to a message has about 800.
BODY_LIMIT = 64 * 1024
#: A kept connection is used again only within so many seconds: less than the idle
#: time-outs in use (5 s and more), or our request could cross the server's good-bye.
KEEP_S = 4.0

# These two write addresses (URLs) into their lines, and the address of a look-up holds
# the recipient.
for _name in ("urllib3.connection", "urllib3.connectionpool"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


class HttpClient:
    """Asks a server, one request at a time, over a connection kept for a moment."""

    def __init__(
        self, *, connect_s: float = CONNECT_S, ca_file: Path | None = None
    ) -> None:
        self._connect_s = connect_s
        self._adapter = _Adapter(_context(ca_file))
        self._last_used = time.monotonic()

    def post_form(
        self,
        url: str,
        *,
        fields: Mapping[str, str],
        headers: Mapping[str, str],
        within_s: float = CALL_S,
    ) -> Answer | Failure:
        """POST the fields as a form."""
        # Not left to `requests`, which asks a dozen times whether it may be a file.
        return self._exchange(
            "POST", url, {**_FORM, **headers}, within_s, data=urlencode(fields)
        )

    def post_json(
        self,
        url: str,
        *,
        payload: object,
        headers: Mapping[str, str],
        within_s: float = CALL_S,
    ) -> Answer | Failure:
        """POST the payload as JSON."""
        return self._exchange("POST", url, headers, within_s, json=payload)

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        body_limit: int = BODY_LIMIT,
        within_s: float = CALL_S,
    ) -> Answer | Failure:
        """GET with these parameters; another limit of the body may be named."""
        return self._exchange(
            "GET", url, headers, within_s, body_limit=body_limit, params=dict(params)
        )

    def close(self) -> None:
        """Give back the kept connection; may be called again at any time."""
        self._adapter.close()

    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        within_s: float,
        *,
        body_limit: int = BODY_LIMIT,
        **parts: Any,
    ) -> Answer | Failure:
        self._drop_idle()
        with conversation(total_s=within_s, connect_s=self._connect_s) as talk:
            try:
                request = _request(method, url, {**_HEADERS, **headers}, **parts)
                answer = self._answer(request, body_limit)
            except (OSError, ValueError, HTTPException, HTTPError) as error:
                self._adapter.close()
                return _failure(talk, error)
        self._last_used = time.monotonic()
        return answer

    def _drop_idle(self) -> None:
        if time.monotonic() - self._last_used > KEEP_S:
            self._adapter.close()

    def _answer(self, request: requests.PreparedRequest, body_limit: int) -> Answer:
        with self._adapter.send(request, stream=True) as response:
            # Told a size, urllib3 unpacks no more than that (a gzip bomb stays small).
            body: bytes = response.raw.read(body_limit + 1, decode_content=True)
            if len(body) > body_limit:
                raise DecodeError("the body is too long")
            return Answer(
                status=response.status_code, headers=response.headers, body=body
            )


def _request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    *,
    params: Mapping[str, str] | None = None,
    data: str | None = None,
    json: object = None,
) -> requests.PreparedRequest:
    if params:
        return requests.Request(method, url, headers, params=params).prepare()
    request = _addressed(method, url).copy()
    request.prepare_headers(headers)
    request.prepare_body(data, files=None, json=json)
    request.prepare_auth(None)  # as the address has it
    return request


@lru_cache(maxsize=32)
def _addressed(method: str, url: str) -> requests.PreparedRequest:
    """Prepare what is the same for every message: the address is checked once."""
    return requests.Request(method, url).prepare()


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_HEADERS = {"User-Agent": f"Bellhop/{__version__}", "Accept-Encoding": "identity"}


@cache
def _context(ca_file: Path | None) -> ssl.SSLContext:
    # Loading authorities takes 50 ms. Not shared with SMTP: urllib3 notes in it that
    # it is for HTTP.
    return tls_context(ca_file)


class _Adapter(HTTPAdapter):
    """`requests`' way out, with our connections and our trust."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        #: The last server and its pool: the manager keeps no other.
        self._pool: tuple[str, Any] | None = None
        super().__init__(max_retries=0)

    def init_poolmanager(self, *_args: Any, **_options: Any) -> None:
        """Take our own pools in place of the usual ones."""
        self.poolmanager = pool_manager(self._context)

    # For both of these `requests` would read the address five times for each message,
    # and ask whether a proxy is meant, which we never go through.
    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, *_args: Any, **_options: Any
    ) -> Any:
        """Return the pool of the request's server."""
        url = str(request.url)
        server = url[: url.index("/", len("http://x"))]  # a host has a letter at least
        if self._pool is None or self._pool[0] != server:
            self._pool = server, self.poolmanager.connection_from_url(server)
        return self._pool[1]

    def request_url(self, request: requests.PreparedRequest, _proxies: Any) -> str:
        """Return what the server is asked for."""
        return request.path_url

    def close(self) -> None:
        """Give back the kept connection."""
        self._pool = None
        super().close()

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave it to the context, which verifies and has its authorities loaded."""


def _failure(talk: Conversation, error: Exception) -> Failure:
    fate = Fate.UNKNOWN if talk.sent else Fate.NOT_SENT
    errors = list(_chain(error))
    is_late = talk.is_over or any(isinstance(one, TimeoutError) for one in errors)
    return Failure(
        fate=fate,
        reason=_reason(talk, errors),
        fault=Fault.TIMEOUT if is_late else Fault.DOWN,
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _reason(talk: Conversation, errors: list[BaseException]) -> str:
    """Say in plain words what went wrong, by the first known cause."""
    for kind, words in _REASONS:
        if any(isinstance(error, kind) for error in errors):
            return words
    if talk.is_over:
        return "there was no answer in time"
    return "the connection was cut" if talk.sent else "no connection could be made"


_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "the host was not found (DNS)"),
    (ConnectionRefusedError, "the connection was refused"),
    (ssl.SSLCertVerificationError, "the certificate is not valid"),
    (ssl.SSLError, "a secure connection (TLS) could not be made or kept"),
    (TimeoutError, "there was no answer in time"),
    (DecodeError, "the answer could not be read"),
)
